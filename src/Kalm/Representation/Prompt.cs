namespace Kalm.Representation;

/// <summary>A question in tokens, up to where the response begins. Texts of entities may be cut to make it fit; the rest may not.</summary>
public sealed class Prompt
{
    private readonly (int[] Ids, bool IsText)[] parts;

    /// <summary>Puts a question together.</summary>
    /// <param name="opening">The ids that all questions of its kind begin with, no opening token.</param>
    /// <param name="parts">What follows; whether a part is an entity's text stands beside it.</param>
    internal Prompt(int[] opening, params (int[] Ids, bool IsText)[] parts) => (Opening, this.parts) = (opening, parts);

    /// <summary>The ids that all questions of its kind begin with.</summary>
    public int[] Opening { get; }

    /// <summary>How many tokens behind the opening are the text of what is asked about; questions about the same thing share
    /// them.</summary>
    public int SubjectLength => parts.Length > 1 && parts[0].IsText ? parts[0].Ids.Length : 0;

    /// <summary>The number of tokens behind the opening, nothing cut.</summary>
    public int Length => parts.Sum(part => part.Ids.Length);

    /// <summary>The ids behind the opening, its texts cut evenly where they must be.</summary>
    /// <param name="room">At most so many.</param>
    /// <returns>The ids; null when the fixed parts alone leave no token for each text.</returns>
    public int[]? Fit(int room)
    {
        if (Length <= room)
            return [.. parts.SelectMany(part => part.Ids)];
        var texts = parts.Where(part => part.IsText).ToArray();
        var free = room - parts.Where(part => !part.IsText).Sum(part => part.Ids.Length);
        if (texts.Length == 0 || free < texts.Length)
            return null;
        // A text shorter than its share leaves the rest to the others.
        var limit = free / texts.Length;
        foreach (var shorter in texts.Select(text => text.Ids.Length).Order())
        {
            var others = texts.Count(text => text.Ids.Length > shorter);
            if (shorter >= limit || others == 0)
                break;
            limit = (free - texts.Where(text => text.Ids.Length <= shorter).Sum(text => text.Ids.Length)) / others;
        }
        return [.. parts.SelectMany(part => part.IsText && part.Ids.Length > limit ? part.Ids[..limit] : part.Ids)];
    }
}

/// <summary>An example for a prompt: a question with its answer.</summary>
/// <param name="Question">What is asked, in the wording of the prompts.</param>
/// <param name="Response">The answer's ids, no end token.</param>
public sealed record Shot(Prompt Question, int[] Response);
