using System.Text;
using Kalm.Language.Generation;

namespace Kalm.Extensions.Inference;

/// <summary>One text of a request while it is written.</summary>
/// <param name="tools">The tools; null for none.</param>
internal sealed class WrittenChoice(ToolSet? tools)
{
    private readonly ToolReader reader = new(tools);
    private readonly StringBuilder text = new();

    /// <summary>The text so far.</summary>
    public string Text => text.ToString();

    /// <summary>The calls, once it has ended.</summary>
    public IReadOnlyList<WrittenCall> Calls => reader.Calls;

    /// <summary>How likely its tokens were, where that is told.</summary>
    public List<WrittenToken> Tokens { get; } = [];

    /// <summary>stop, length or tool_calls; null while it goes on.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Takes a piece.</summary>
    /// <returns>The text that has come to it.</returns>
    public string Add(GeneratedPiece piece)
    {
        if (piece.Token is { } token)
            Tokens.Add(token);
        var added = reader.Add(piece.Text);
        if (piece.End is { } end)
        {
            added += reader.Finish(end == GenerationEnd.Stop);
            FinishReason = end != GenerationEnd.Stop ? "length" : reader.Calls.Count > 0 ? "tool_calls" : "stop";
        }
        text.Append(added);
        return added;
    }
}
