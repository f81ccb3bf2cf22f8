using Kalm.Language.Tokenization;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Keeps one sequence within a grammar, and brings it to an end within the tokens that it may have.</summary>
/// <param name="grammar">The grammar.</param>
/// <param name="vocabulary">The tokens.</param>
/// <param name="tokenizer">Spells them.</param>
/// <param name="ends">The tokens that end a text.</param>
internal sealed class GrammarCursor(TextGrammar grammar, VocabularyTrie vocabulary, Tokenizer tokenizer, IReadOnlySet<int> ends)
{
    private const int MostStates = 4096;
    private const int MostMasks = 64;

    // What one token may add to what has to follow, beside two parts of the grammar.
    private const int Margin = 32;
    private static readonly GrammarState Nowhere = GrammarState.Before(new ByteNode(new bool[256])).After(0);
    private readonly Dictionary<GrammarState, GrammarState> states = [];
    private readonly Dictionary<GrammarState, GrammarState?[]> steps = [];
    private readonly Dictionary<GrammarState, List<int>> masks = [];
    private readonly Dictionary<GrammarState, int> distances = [];
    private readonly ShortestEnd shortest = new(grammar.Start);
    private GrammarState state = GrammarState.Before(grammar.Start);

    /// <summary>Whether nothing may be written any more.</summary>
    public bool IsOver => state.IsOver;

    /// <summary>Takes the probability of every token that may not follow, and, where the room is short, of those behind which the text
    /// could not end within it.</summary>
    /// <param name="logits">One number a token; those that may not follow become minus infinity.</param>
    /// <param name="room">How many tokens may still be written.</param>
    /// <returns>False when no token may follow, not even the end.</returns>
    public bool Restrict(Span<float> logits, int room)
    {
        var allowed = Ending(room);
        if (allowed.Count == 0 && !state.IsWhole)
            allowed = Allowed();
        var kept = new List<(int Token, float Logit)>(allowed.Count + ends.Count);
        foreach (var token in allowed)
            if (token < logits.Length && !ends.Contains(token))
                kept.Add((token, logits[token]));
        if (state.IsWhole)
            foreach (var token in ends)
                if (token < logits.Length)
                    kept.Add((token, logits[token]));
        logits.Fill(float.NegativeInfinity);
        foreach (var (token, logit) in kept)
            logits[token] = logit;
        return kept.Count > 0;
    }

    /// <summary>Goes on behind a token that may follow.</summary>
    public void Take(int token)
    {
        foreach (var value in tokenizer.BytesOf(token))
            state = Follow(state, value);
    }

    private List<int> Allowed()
    {
        if (masks.TryGetValue(state, out var allowed))
            return allowed;
        if (masks.Count >= MostMasks)
            masks.Clear();
        masks.Add(state, allowed = vocabulary.Allowed(state, Follow));
        return allowed;
    }

    // A token has a byte or more, so what ends within as many bytes as there is room for tokens ends within the room.
    private List<int> Ending(int room)
    {
        var distance = Distance(state);
        if (distance > room || room > distance + (2L * shortest.Largest) + Margin)
            return Allowed();
        return vocabulary.Allowed(state, (from, value) =>
        {
            var next = Follow(from, value);
            return Distance(next) < room ? next : Nowhere;
        });
    }

    private int Distance(GrammarState from)
    {
        if (distances.TryGetValue(from, out var distance))
            return distance;
        if (distances.Count >= MostStates)
            distances.Clear();
        distances.Add(from, distance = shortest.Of(from));
        return distance;
    }

    private GrammarState Follow(GrammarState from, byte value)
    {
        if (!steps.TryGetValue(from, out var next))
        {
            if (steps.Count >= MostStates)
            {
                steps.Clear();
                states.Clear();
            }
            steps.Add(from, next = new GrammarState?[256]);
        }
        if (next[value] is { } known)
            return known;
        var after = from.After(value);
        if (!states.TryGetValue(after, out var same))
            states.Add(after, same = after);
        return next[value] = same;
    }
}
