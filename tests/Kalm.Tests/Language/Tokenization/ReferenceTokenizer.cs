using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Compares a tokenizer.json with Hugging Face tokenizers, loaded as a native library. Tests are skipped visibly where it does not
/// load.</summary>
internal static class ReferenceTokenizer
{
    /// <summary>Asserts that both give the same ids, and the same text of ids without special tokens.</summary>
    public static void AssertSame(string folder, IEnumerable<string> texts, int begins = 0)
    {
        var ours = Tokenizer.Load(folder);
        using var reference = Load(Path.Combine(folder, "tokenizer.json"));
        foreach (var text in texts)
        {
            // It puts begin tokens before a text and leaves special tokens out when it decodes.
            int[] expected = [.. reference.Encode(text).Skip(begins).Select(id => (int)id)];
            var ids = ours.Encode(text);
            Assert.True(expected.SequenceEqual(ids), $"'{text}': expected {Pieces(ours, expected)}; found {Pieces(ours, ids)}");
            int[] plain = [.. expected.Where(id => !ours.IsSpecial(id))];
            Assert.Equal(reference.Decode([.. plain.Select(id => (uint)id)]), ours.Decode(plain));
        }
    }

    public static void AssertSame(JsonObject tokenizer, IEnumerable<string> texts)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", tokenizer.ToJsonString());
        AssertSame(folder.Path, texts);
    }

    private static string Pieces(Tokenizer tokenizer, int[] ids) =>
        string.Join('|', ids.Select(id => id < tokenizer.VocabularySize ? tokenizer.Piece(id) : $"#{id}"));

    private static Tokenizers.DotNet.Tokenizer Load(string file)
    {
        try
        {
            return new(file);
        }
        catch (Exception problem) when (problem is DllNotFoundException or BadImageFormatException
            or EntryPointNotFoundException or TypeInitializationException)
        {
            Assert.Skip($"Hugging Face tokenizers does not load here: {problem.Message}");
            throw;
        }
    }
}
