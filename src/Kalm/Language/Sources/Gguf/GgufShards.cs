using System.Globalization;
using System.Text.RegularExpressions;

namespace Kalm.Language.Sources.Gguf;

/// <summary>The files of a model: one, or the parts <c>NAME-00001-of-0000N.gguf</c> as llama.cpp splits them. The keys are those of the
/// first
/// part.</summary>
internal sealed partial class GgufShards : IDisposable
{
    private const string NumberKey = "split.no", CountKey = "split.count", TensorsKey = "split.tensors.count";
    private const int MostParts = 10_000;

    private readonly List<GgufFile> files;
    private readonly Dictionary<string, (GgufFile File, GgufTensor Tensor)> tensors = new(StringComparer.Ordinal);

    private GgufShards(List<GgufFile> files) => this.files = files;

    /// <summary>The files in the order of their numbers.</summary>
    public IReadOnlyList<GgufFile> Files => files;

    /// <summary>The keys.</summary>
    public GgufMetadata Metadata => files[0].Metadata;

    /// <summary>Every tensor with the file it is in.</summary>
    public IEnumerable<(GgufFile File, GgufTensor Tensor)> Tensors => tensors.Values;

    /// <summary>Opens a file and, where it is a part of several, all others.</summary>
    /// <param name="path">The file, or any of the parts.</param>
    /// <exception cref="KalmException">A file is missing or not sound, or the parts do not fit together.</exception>
    public static GgufShards Open(string path)
    {
        var shards = new GgufShards([GgufFile.Open(path)]);
        try
        {
            shards.OpenOthers(path);
            shards.Collect();
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <summary>A tensor and its file; null when there is none of that name.</summary>
    public (GgufFile File, GgufTensor Tensor)? TryFind(string name) => tensors.TryGetValue(name, out var found) ? found : null;

    public void Dispose() => files.ForEach(file => file.Dispose());

    private void OpenOthers(string path)
    {
        var metadata = files[0].Metadata;
        var count = metadata.Count(CountKey) ?? 0;
        if (count <= 1)
            return;
        if (count > MostParts)
            throw metadata.Fault(CountKey, $"at most {MostParts}");
        var match = PartName().Match(Path.GetFileName(path));
        if (!match.Success || int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) != count)
            throw new KalmException($"{path}: is one part of {count} by {CountKey}; expected a name like NAME-00001-of-{count:D5}.gguf, by "
                + "which the others are found");
        var folder = Path.GetDirectoryName(path) ?? "";
        var named = files[0];
        files.Clear();
        for (var number = 1; number <= count; number++)
        {
            var part = Path.Combine(folder, $"{match.Groups[1].Value}-{number:D5}-of-{count:D5}.gguf");
            if (number == int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))
                files.Add(named);
            else if (File.Exists(part))
                files.Add(GgufFile.Open(part));
            else
            {
                files.Add(named);
                throw new KalmException($"{part}: no such file; {path} is one of {count} parts, of which all are needed");
            }
            RequirePlace(files[^1], number, count);
        }
    }

    private static void RequirePlace(GgufFile file, int number, int count)
    {
        if (file.Metadata.Count(NumberKey) != number - 1)
            throw file.Metadata.Fault(NumberKey, $"{number - 1}, the part's number less 1");
        if (file.Metadata.Count(CountKey) != count)
            throw file.Metadata.Fault(CountKey, $"{count}, as in the other parts");
    }

    private void Collect()
    {
        foreach (var file in files)
            foreach (var tensor in file.Tensors)
                if (!tensors.TryAdd(tensor.Name, (file, tensor)))
                    throw GgufHeader.Fault(file.Path, tensor.Name, $"is also in {tensors[tensor.Name].File.Path}");
        if (files.Count > 1 && Metadata.Count(TensorsKey) is { } expected && expected != tensors.Count)
            throw Metadata.Fault(TensorsKey, $"{tensors.Count}, the tensors of all parts together");
    }

    [GeneratedRegex(@"^(.*)-(\d{5})-of-(\d{5})\.gguf$", RegexOptions.CultureInvariant)]
    private static partial Regex PartName();
}
