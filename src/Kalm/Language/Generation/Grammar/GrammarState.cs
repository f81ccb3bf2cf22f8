namespace Kalm.Language.Generation.Grammar;

/// <summary>What is to come after a node: an immutable stack.</summary>
internal sealed class Frame : IEquatable<Frame>
{
    private readonly int hash;

    /// <summary>Puts a node on a stack.</summary>
    /// <param name="node">The node.</param>
    /// <param name="progress">Bytes of a literal, parts of a sequence or repetitions that are behind.</param>
    /// <param name="rest">What comes after it; null for the end.</param>
    public Frame(GrammarNode node, int progress, Frame? rest) =>
        (Node, Progress, Rest, hash) = (node, progress, rest, HashCode.Combine(node, progress, rest?.hash));

    /// <summary>The node.</summary>
    public GrammarNode Node { get; }

    /// <summary>How much of it is behind.</summary>
    public int Progress { get; }

    /// <summary>What comes after it.</summary>
    public Frame? Rest { get; }

    /// <inheritdoc/>
    public bool Equals(Frame? other)
    {
        for (var (left, right) = (this, other); !ReferenceEquals(left, right); (left, right) = (left.Rest, right.Rest))
            if (left is null || right is null || left.hash != right.hash || left.Node != right.Node || left.Progress != right.Progress)
                return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Frame);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}

/// <summary>Where a text stands in a grammar: every stack that may still be right, the next byte on top of each.</summary>
internal sealed class GrammarState : IEquatable<GrammarState>
{
    // Of more readings of the same bytes the others are given up; what is left is still what the grammar allows.
    private const int MostStacks = 4096;
    private readonly List<Frame> stacks;
    private readonly int hash;

    private GrammarState(List<Frame> stacks, bool isWhole)
    {
        (this.stacks, IsWhole) = (stacks, isWhole);
        hash = stacks.Aggregate(isWhole ? 1 : 0, HashCode.Combine);
    }

    /// <summary>The readings of the text so far; what comes next on top of each.</summary>
    public IReadOnlyList<Frame> Stacks => stacks;

    /// <summary>Whether the text may end here.</summary>
    public bool IsWhole { get; }

    /// <summary>Whether nothing may follow.</summary>
    public bool IsOver => stacks.Count == 0;

    /// <summary>The state before the first byte.</summary>
    public static GrammarState Before(GrammarNode start)
    {
        var (stacks, isWhole) = (new HashSet<Frame>(), false);
        Enter(start, null, stacks, ref isWhole);
        return new GrammarState([.. stacks], isWhole);
    }

    /// <summary>The state behind one more byte; one that is over and not whole when the byte may not follow.</summary>
    public GrammarState After(byte value)
    {
        var (next, isWhole) = (new HashSet<Frame>(), false);
        foreach (var stack in stacks)
            if (stack.Node is ByteNode set)
            {
                if (set.Holds(value))
                    Resume(stack.Rest, next, ref isWhole);
            }
            else if (stack.Node is BranchNode branch)
            {
                if (branch.Next[value] is { } behind)
                    Enter(behind, stack.Rest, next, ref isWhole);
            }
            else if (((LiteralNode)stack.Node).Bytes is var bytes && bytes[stack.Progress] == value)
            {
                if (stack.Progress + 1 < bytes.Length)
                    next.Add(new Frame(stack.Node, stack.Progress + 1, stack.Rest));
                else
                    Resume(stack.Rest, next, ref isWhole);
            }
        return new GrammarState([.. next], isWhole);
    }

    private static void Enter(GrammarNode node, Frame? rest, HashSet<Frame> stacks, ref bool isWhole)
    {
        switch (node)
        {
            case ReferenceNode reference:
                Enter(reference.Target!, rest, stacks, ref isWhole);
                break;
            case ChoiceNode choice:
                foreach (var way in choice.Ways)
                    Enter(way, rest, stacks, ref isWhole);
                break;
            case LiteralNode { Bytes.Length: 0 }:
                Resume(rest, stacks, ref isWhole);
                break;
            case SequenceNode or RepeatNode:
                Resume(new Frame(node, 0, rest), stacks, ref isWhole);
                break;
            default:
                if (stacks.Count < MostStacks)
                    stacks.Add(new Frame(node, 0, rest));
                break;
        }
    }

    private static void Resume(Frame? frame, HashSet<Frame> stacks, ref bool isWhole)
    {
        switch (frame?.Node)
        {
            case null:
                isWhole = true;
                break;
            case SequenceNode sequence when frame.Progress < sequence.Parts.Length:
                var behind = frame.Progress + 1 == sequence.Parts.Length ? frame.Rest : new Frame(sequence, frame.Progress + 1, frame.Rest);
                Enter(sequence.Parts[frame.Progress], behind, stacks, ref isWhole);
                break;
            case RepeatNode repeat:
                if (frame.Progress >= repeat.Least)
                    Resume(frame.Rest, stacks, ref isWhole);
                // Where there is no end to count to, states that differ in nothing else are one.
                if (frame.Progress < repeat.Most)
                    Enter(repeat.Part, new Frame(repeat, repeat.Most == RepeatNode.Unbounded
                        ? Math.Min(frame.Progress + 1, repeat.Least) : frame.Progress + 1, frame.Rest), stacks, ref isWhole);
                break;
            default:
                Resume(frame.Rest, stacks, ref isWhole);
                break;
        }
    }

    /// <inheritdoc/>
    public bool Equals(GrammarState? other) => ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && IsWhole == other.IsWhole && stacks.SequenceEqual(other.stacks));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrammarState);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;
}
