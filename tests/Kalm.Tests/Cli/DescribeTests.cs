using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Cli;

/// <summary><c>describe</c> of every kind of model folder.</summary>
public class DescribeTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public void A_model_is_told_by_its_sizes_tokenizer_and_what_would_train()
    {
        var json = Describe(tiny.Model, out var output);
        Assert.Equal("model", (string?)json["kind"]);
        Assert.Equal("llama", (string?)json["architecture"]!["model_type"]);
        Assert.Equal(3, (int)json["architecture"]!["layers"]!);
        Assert.Equal(32, (int)json["architecture"]!["context"]!);
        var vocabulary = (int)json["architecture"]!["vocabulary"]!;
        // Preset tiny: 128 wide, 384 in the feed-forward blocks, 3 layers, the embedding tied.
        const int Body = (3 * ((4 * 128 * 128) + (3 * 128 * 384) + (2 * 128))) + 128;
        Assert.Equal(Body + (128 * vocabulary), (int)json["weights"]!["parameters"]!);
        Assert.Equal(Body, (int)json["weights"]!["body_parameters"]!);
        Assert.Equal(4 * (Body + (128 * vocabulary)), (int)json["weights"]!["types"]!["F32"]!);
        Assert.Equal(new FileInfo(Path.Combine(tiny.Model, "model.safetensors")).Length, (long)json["weights"]!["bytes"]!);
        Assert.Equal(vocabulary, (int)json["tokenizer"]!["tokens"]!);
        Assert.Equal("byte-level BPE", (string?)json["tokenizer"]!["kind"]);
        Assert.Null(json["tokenizer"]!["begin"]);
        Assert.Equal("<|endoftext|>", (string?)json["tokenizer"]!["end"]!["piece"]);
        // Rank 8 on gate, up and down.
        Assert.Equal(3 * 3 * 8 * (128 + 384), (int)json["would_train"]!["lora"]!);
        Assert.Null(json["adapter"]);
        Assert.Null(json["alignment"]);
        Assert.Contains($"{Body + (128 * vocabulary):N0}; {Body:N0} without the embedding", output, StringComparison.Ordinal);
        Assert.Contains("F32; ", output, StringComparison.Ordinal);
        Assert.Contains("none is put before a text", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_its_adapter_and_its_checkpoint_are_told_with_what_was_learned()
    {
        var run = tiny.File("described");
        CommandLine.Run("align", "--quiet", "--model", tiny.Model, "--graph", tiny.Graph, "--method", "lora",
            "--out", run, "--steps", "2", "--batch", "2", "--threads", "1").IsSuccess();
        foreach (var (folder, kind) in new[] { (run, "run"), (Path.Combine(run, "adapter"),
            "adapter"), (Directory.GetDirectories(Path.Combine(run, "checkpoints"))[0], "adapter") })
        {
            var json = Describe(folder, out var output);
            Assert.Equal(kind, (string?)json["kind"]);
            Assert.Equal(tiny.Model, (string?)json["base"]);
            Assert.Equal(8, (int)json["adapter"]!["rank"]!);
            Assert.Equal(3 * 3 * 8 * (128 + 384), (int)json["adapter"]!["parameters"]!);
            Assert.Equal(2.0, (double)json["adapter"]!["scale"]!);
            Assert.Equal("lora", (string?)json["alignment"]!["method"]);
            Assert.Equal(tiny.Graph, (string?)json["alignment"]!["graph"]);
            Assert.InRange((double)json["alignment"]!["temperature"]!, 0.01, 1);
            Assert.Null(json["would_train"]);
            Assert.Contains("temperature", output, StringComparison.Ordinal);
            Assert.Contains("gate_proj, up_proj, down_proj", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_of_a_version_with_other_options_is_used_but_not_gone_on_with()
    {
        var run = tiny.File("of-another-version");
        CommandLine.Run("align", "--quiet", "--model", tiny.Model, "--graph", tiny.Graph,
            "--out", run, "--steps", "2", "--batch", "2", "--threads", "1").IsSuccess();
        var file = Path.Combine(run, "run.json");
        File.WriteAllText(
            file, File.ReadAllText(file).Replace("\"options\": {", "\"options\": {\n    \"foretold\": 1,", StringComparison.Ordinal));

        Assert.Equal("run", (string?)Describe(run, out _)["kind"]);
        CommandLine.Run("evaluate", "completion", "--quiet", "--model", run, "--graph", tiny.Graph).IsSuccess();
        CommandLine.Run("export", "--quiet", "--model", run, "--to", "hf", "--out", tiny.File("exported-of-another-version")).IsSuccess();
        CommandLine.Run("align", "--quiet", "--resume", "--model", tiny.Model, "--graph", tiny.Graph, "--out", run)
            .IsFault("run.json(", "foretold");
    }

    [Fact]
    public void An_adapter_without_its_base_is_told_as_far_as_it_goes()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "adapter_config.json",
            """{"peft_type":"LORA","task_type":"CAUSAL_LM","base_model_name_or_path":"org/absent","r":4,"lora_alpha":8,"""
                + "\"target_modules\":[\"up_proj\"]}");
        var result = CommandLine.Run("describe", folder.Path).IsSuccess();
        Assert.Contains("the base model 'org/absent'", result.Error, StringComparison.Ordinal);
        Assert.Contains("up_proj", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_of_more_tokens_than_the_model_is_told()
    {
        using var folder = new TemporaryFolder();
        SparseCheckpoint.Make(
            folder.Path, SparseCheckpoint.SevenBillion with { VocabularySize = 100, LayerCount = 1 }, "BF16", 2, shards: 1);
        foreach (var file in Directory.GetFiles(tiny.Model, "tokenizer*"))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        var result = CommandLine.Run("describe", folder.Path).IsSuccess();
        Assert.Matches("note: .*: the tokenizer has [0-9]+ tokens, the embedding 100 rows", result.Error);
        Assert.Contains("BF16; 406.4 MB in model.safetensors", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_model_is_a_fault_that_names_what_is_there()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.gguf", "");
        CommandLine.Run("describe", folder.Path).IsFault("model.gguf", "found an empty file", "expected a GGUF file");
        File.Move(folder.File("model.gguf"), folder.File("model.onnx"));
        CommandLine.Run("describe", folder.Path).IsFault("not a model", "found 'model.onnx'", "expected a Hugging Face model folder");
        CommandLine.Run("describe", folder.File("absent")).IsFault("MODEL", "no such folder");
    }

    [Fact]
    public void Warnings_of_a_folder_are_shown_by_describe_and_at_load()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(tiny.Model))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        folder.Write("model.safetensors.index.json", "{}");
        Assert.Contains("note: " + folder.File("model.safetensors.index.json") + ": ignored",
            CommandLine.Run("describe", folder.Path).IsSuccess().Error, StringComparison.Ordinal);
        var embedded = CommandLine.Run(
            "embed", "--model", folder.Path, "--graph", tiny.Graph, "--out", folder.File("vectors"), "--threads", "1").IsSuccess();
        Assert.Contains("model.safetensors.index.json: ignored", embedded.Error, StringComparison.Ordinal);
        folder.Write("tokenizer.json", "{}");
        Assert.Contains("cannot be used: ", CommandLine.Run("describe", folder.Path).IsSuccess().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seven_billion_parameters_are_described_within_300_MB_and_without_the_native_library()
    {
        using var folder = new TemporaryFolder();
        var model = Directory.CreateDirectory(folder.File("model")).FullName;
        SparseCheckpoint.Make(model, SparseCheckpoint.SevenBillion, "F16", 2, shards: 3);
        // The program without the native libraries beside it: an attempt to load one would fail.
        var built = Path.GetDirectoryName(CommandLine.Program)!;
        foreach (var file in Directory.GetFiles(built, "*.dll").Append(Path.Combine(built, "Kalm.Cli.runtimeconfig.json")))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        var (peak, libraries) = (0L, new HashSet<string>());
        var result = await CommandLine.RunProcess(folder.File("Kalm.Cli.dll"), Watch, "describe", model);
        result.IsSuccess();
        Assert.Contains("6,738,415,616; 6,476,271,616 without the embedding", result.Output, StringComparison.Ordinal);
        Assert.Contains("F16; 13.5 GB in 3 shards", result.Output, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json: no such file", result.Output, StringComparison.Ordinal);
        if (!OperatingSystem.IsLinux())
            return;
        Assert.InRange(peak, 1, 300 * Mebibyte);
        Assert.Contains(libraries, name => name.StartsWith("libcoreclr", StringComparison.Ordinal));
        Assert.DoesNotContain(libraries,
            name => name.Contains("torch", StringComparison.OrdinalIgnoreCase) && name.StartsWith("lib", StringComparison.Ordinal));

        async Task Watch(Process process)
        {
            while (OperatingSystem.IsLinux() && !process.HasExited)
            {
                try
                {
                    foreach (var line in await File.ReadAllLinesAsync($"/proc/{process.Id}/status", TestContext.Current.CancellationToken))
                        if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                            peak = 1024 * long.Parse(
                                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
                    foreach (var line in await File.ReadAllLinesAsync($"/proc/{process.Id}/maps", TestContext.Current.CancellationToken))
                        libraries.Add(Path.GetFileName(line));
                }
                catch (IOException)
                {
                    // The process has just ended.
                }
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }

    private JsonNode Describe(string folder, out string output)
    {
        var path = tiny.File("description.json");
        output = CommandLine.Run("describe", folder, "--json", path).IsSuccess().Output;
        return JsonNode.Parse(File.ReadAllText(path))!;
    }
}
