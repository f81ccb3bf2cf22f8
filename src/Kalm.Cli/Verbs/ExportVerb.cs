using System.CommandLine;
using Kalm.Alignment;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Cli.Verbs;

/// <summary><c>export</c>: a model for other programs, its adapter merged.</summary>
internal static class ExportVerb
{
    private static readonly Dictionary<string, TensorType> FolderTypes =
        new() { ["f32"] = TensorType.F32, ["f16"] = TensorType.F16, ["bf16"] = TensorType.BF16 };

    private static readonly Dictionary<string, GgufTensorType> FileTypes = new()
    {
        ["f32"] = GgufTensorType.F32, ["f16"] = GgufTensorType.F16, ["bf16"] = GgufTensorType.BF16, ["q8_0"] = GgufTensorType.Q8,
    };

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice();
        var format = Options.Choice("--to", "hf: a Hugging Face folder; gguf: a file for llama.cpp", "hf", "hf", "gguf");
        format.DefaultValueFactory = null;
        format.Required = true;
        var type = Options.Choice(
            "--type", "of the weights [default: hf the base's, gguf f16]; q8_0 for gguf alone", "f16", [.. FileTypes.Keys]);
        type.DefaultValueFactory = null;
        var output = Options.Text("--out", "PATH", "hf: the folder to write, absent or empty; gguf: the file to write", required: true);
        var quiet = Options.Quiet();
        var command = new Command("export", "Writes a model for other programs, its adapter merged.") { format, type, output, quiet };
        model.AddTo(command);
        command.SetAction(parse =>
        {
            var (path, chosen) = (parse.GetRequiredValue(output), parse.GetValue(type));
            using var opened = model.Open(parse, terminal, parse.GetValue(quiet));
            var written = terminal.Watch(parse.GetValue(quiet), progress =>
            {
                if (parse.GetRequiredValue(format) == "hf")
                {
                    VerbInputs.Free("--out", path);
                    TensorType? wanted = chosen is null ? null : FolderTypes.TryGetValue(chosen, out var known)
                        ? known : throw new KalmException(
                            $"--type: found '{chosen}' with --to hf; expected {string.Join(" or ", FolderTypes.Keys)}");
                    return ModelExport.ToHuggingFace(opened, path, wanted, progress, terminal.Cancellation).ToString().ToLowerInvariant();
                }
                VerbInputs.Writable("--out", path);
                var name = chosen ?? "f16";
                foreach (var warning in ModelExport.ToGguf(opened, path, FileTypes[name], progress, terminal.Cancellation))
                    progress.Note(warning);
                return name;
            });
            terminal.Print(ResultTable.OfFacts(
                null,
                ("written", path),
                ("type", written),
                ("bytes", $"{SizeOf(path):N0}"),
                ("adapter", opened.AdapterFolder is null ? "-" : "merged")));
            return ExitCode.Success;
        });
        return command;
    }

    private static long SizeOf(string path) =>
        Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length) : new FileInfo(path).Length;
}
