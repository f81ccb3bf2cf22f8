using System.Text;
using System.Text.RegularExpressions;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>The texts that a base model is made from.</summary>
internal static partial class PlainTexts
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The paragraphs of text files: what blank lines set apart.</summary>
    /// <exception cref="KalmException">A file is missing, not UTF-8 or without text.</exception>
    public static List<string> OfFiles(IEnumerable<string> paths) => [.. paths.SelectMany(path =>
    {
        var paragraphs = BlankLines().Split(Read("--text", path)).Select(text => text.Trim()).Where(text => text.Length > 0).ToList();
        return paragraphs.Count > 0 ? paragraphs : throw new KalmException($"--text {path}: found no text; expected a text file in UTF-8");
    })];

    /// <summary>Every entity's text and every relation's texts; never a triple, so that a base model knows no fact of any split.</summary>
    public static List<string> OfGraph(KnowledgeGraph graph) =>
        [.. graph.Entities.Select(Wording.Answer),
            .. graph.Relations.SelectMany(relation => new[] { relation.Text, relation.InverseText })];

    /// <summary>The whole text of a file.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    public static string Read(string option, string path)
    {
        try
        {
            // Not File.ReadAllText, which takes a file with the mark of another encoding for what that says.
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            return StrictUtf8.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new KalmException($"{option} {path}: found bytes that are not UTF-8; expected a text file in UTF-8", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var found = Directory.Exists(path) ? "found a folder" : File.Exists(path) ? error.Message : "no such file";
            throw new KalmException($"{option} {path}: {found}; expected a text file in UTF-8", error);
        }
    }

    [GeneratedRegex(@"\r?\n[ \t]*\r?\n")]
    private static partial Regex BlankLines();
}
