using Kalm.Files;
using Kalm.Language.Execution;
using Kalm.Language.Tokenization;

namespace Kalm.Alignment.Keeping;

/// <summary>A text on which a model is held to its base.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="FirstRead">From this one on what follows each token is compared: before it stands what the base did not write.</param>
/// <param name="Text">The text, for people.</param>
internal sealed record KeptText(int[] Tokens, int FirstRead, string Text)
{
    /// <summary>The file's name in a run.</summary>
    public const string FileName = "kept-texts.json";

    /// <summary>As a row, read from <see cref="FirstRead"/> to the last token but one.</summary>
    public TokenRow Row => TokenRow.Sequence(Tokens[..^1], [.. Enumerable.Range(FirstRead, Tokens.Length - 1 - FirstRead)]);

    /// <summary>What follows each read.</summary>
    public int[] Labels => Tokens[(FirstRead + 1)..];

    /// <summary>A text in tokens.</summary>
    public static KeptText Of(Tokenizer tokenizer, int[] tokens, int firstRead) => new(tokens, firstRead, tokenizer.Decode(tokens));

    /// <summary>Reads the texts of a run; null where it has none yet.</summary>
    public static IReadOnlyList<KeptText>? Load(string run)
    {
        var path = Path.Combine(run, FileName);
        return File.Exists(path) ? Json.Read<List<KeptText>>(path) : null;
    }

    /// <summary>Leaves the texts in a run, so that going on with it needs none to be written again.</summary>
    public static void Save(string run, IReadOnlyList<KeptText> texts) =>
        AtomicFile.WriteAllText(Path.Combine(run, FileName), Json.Text(texts));
}
