using System.Text;

namespace Kalm.Language.Tokenization.Models;

/// <summary>The tokens of single bytes, <c>&lt;0x0A&gt;</c>, that a vocabulary of characters falls back to.</summary>
internal sealed class ByteTokens
{
    private const int NoToken = -1;

    private readonly int[]? tokens;

    /// <summary>Takes those of <paramref name="definition"/>, if it falls back to bytes.</summary>
    public ByteTokens(TokenizerDefinition definition, Dictionary<string, int> ids)
    {
        if (definition.FallsBackToBytes)
            tokens = [.. Enumerable.Range(0, 256).Select(value => ids.GetValueOrDefault(ByteToken.Name((byte)value), NoToken))];
    }

    /// <summary>Appends the tokens of the bytes of <paramref name="text"/>; false, and nothing appended, where one has none.</summary>
    public bool TryAppend(ReadOnlySpan<char> text, List<int> output)
    {
        if (tokens is null)
            return false;
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        foreach (var value in bytes)
            if (tokens[value] == NoToken)
                return false;
        foreach (var value in bytes)
            output.Add(tokens[value]);
        return true;
    }
}
