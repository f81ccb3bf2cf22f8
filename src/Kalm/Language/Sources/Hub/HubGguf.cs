using System.Text.RegularExpressions;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>The GGUF files of a repository: each alone is a model, unless it is a part of a split one.</summary>
internal static partial class HubGguf
{
    private const string Ending = ".gguf";
    private const int MostListed = 40;
    private const int MostCompared = 400;

    /// <summary>The file that <see cref="HubModelId.File"/> names: by its path, by its name in whatever folder, or by a word of its name
    /// such as <c>Q4_K_M</c>.</summary>
    /// <exception cref="HubFailure">None or several are meant, or a part is missing.</exception>
    public static HubNeed Named(HubModelId id, IReadOnlyList<HubFile> files)
    {
        var wanted = id.File!;
        if (files.Any(file => file.Name == wanted))
            return IsGguf(wanted) ? WithParts(id, wanted, files) : throw new HubFailure(
                $"{id}: not a {Ending} file; the model itself is named {id with { File = null }}");
        var heads = files.Where(file => IsGguf(file.Name) && IsHead(file.Name)).ToList();
        foreach (var matches in (Func<HubFile, bool>[])[file => NameOf(file.Name) == wanted, file => HasWord(file.Name, wanted)])
            switch (heads.Where(matches).ToList())
            {
                case [var only]:
                    return WithParts(id, only.Name, files);
                case { Count: > 1 } several:
                    throw new HubFailure($"{id}: {several.Count} files are meant; name one: {Listed(several, files)}");
            }
        throw heads.Count == 0
            ? new HubFailure($"{id}: no such file, and no other {Ending} file")
            : new HubFailure($"{id}: no such file; nearest: {Listed([.. Nearest(wanted, heads).Take(5)], files)}");
    }

    /// <summary>The one model among GGUF files, or null when there is none.</summary>
    /// <exception cref="HubFailure">There are several; the message lists them.</exception>
    public static HubNeed? Only(HubModelId id, IReadOnlyList<HubFile> files)
    {
        var heads = files.Where(file => IsGguf(file.Name) && IsHead(file.Name) && !IsCompanion(file.Name))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        return heads switch
        {
            [] => null,
            [var only] => WithParts(id, only.Name, files),
            _ => throw new HubFailure(
                $"{id}: {heads.Count} GGUF files; name one, such as {id with { File = heads[0].Name }}\n{Listed(heads, files)}"),
        };
    }

    private static HubNeed WithParts(HubModelId id, string name, IReadOnlyList<HubFile> files)
    {
        if (Part().Match(name) is not { Success: true } match)
            return new HubNeed([name], Gguf: name);
        var count = int.Parse(match.Groups[3].ValueSpan);
        var names = files.Select(file => file.Name).ToHashSet();
        var parts = new List<string>();
        for (var part = 1; part <= count; part++)
        {
            parts.Add(PartName(match, part));
            if (!names.Contains(parts[^1]))
                throw new HubFailure($"{id}: {FileFault.Plain(parts[^1])}: missing, a part of a split file");
        }
        return parts.Count > 0 ? new HubNeed(parts, Gguf: parts[0])
            : throw new HubFailure($"{id}: {FileFault.Plain(name)}: part of no file");
    }

    private static string PartName(Match match, int part) => $"{match.Groups[1].Value}-{part:D5}-of-{match.Groups[3].Value}{Ending}";

    private static bool IsGguf(string name) => name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);

    private static bool IsHead(string name) => Part().Match(name) is not { Success: true } match || match.Groups[2].ValueSpan is "00001";

    // The eyes of a multimodal model, and the statistics that a quantization was made with.
    private static bool IsCompanion(string name) => NameOf(name).Contains("mmproj", StringComparison.OrdinalIgnoreCase)
        || NameOf(name).StartsWith("imatrix", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static bool HasWord(string path, string word)
    {
        for (var at = path.IndexOf(word, StringComparison.OrdinalIgnoreCase); at >= 0;
            at = at + 1 < path.Length ? path.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase) : -1)
            if (IsBound(path, at - 1) && IsBound(path, at + word.Length))
                return true;
        return false;
    }

    private static bool IsBound(string path, int at) => at < 0 || at >= path.Length || path[at] is '-' or '.' or '/';

    private static IEnumerable<HubFile> Nearest(string wanted, List<HubFile> heads) =>
        heads.Take(MostCompared).OrderBy(file => Edits(wanted, NameOf(file.Name))).ThenBy(file => file.Name, StringComparer.Ordinal);

    private static int Edits(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[right.Length];
    }

    private static string Listed(List<HubFile> heads, IReadOnlyList<HubFile> files)
    {
        var sizes = files.DistinctBy(file => file.Name).ToDictionary(file => file.Name, file => file.Size);
        var shown = heads.Take(MostListed).Select(head => FileFault.Plain(head.Name)
            + (Size(head, sizes) is { } size ? $" ({HubFile.Show(size)})" : ""));
        return string.Join(", ", shown) + (heads.Count > MostListed ? $" and {heads.Count - MostListed} more" : "");
    }

    private static long? Size(HubFile head, Dictionary<string, long?> sizes)
    {
        if (Part().Match(head.Name) is not { Success: true } match)
            return head.Size;
        long? sum = 0;
        for (var part = 1; part <= int.Parse(match.Groups[3].ValueSpan) && sum is not null; part++)
            sum += sizes.GetValueOrDefault(PartName(match, part));
        return sum;
    }

    [GeneratedRegex(@"^(.*)-(\d{5})-of-(\d{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Part();
}
