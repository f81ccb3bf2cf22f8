namespace Kalm.Language.Generation.Grammar;

/// <summary>The fewest bytes that end a text, from wherever it stands in a grammar.</summary>
internal sealed class ShortestEnd
{
    // Of a value that cannot end without another of itself, until that one's length is known.
    private const int Unknown = int.MaxValue / 2;
    private readonly Dictionary<GrammarNode, int> lengths = [];

    /// <summary>Measures a grammar.</summary>
    /// <param name="start">Where it starts.</param>
    public ShortestEnd(GrammarNode start)
    {
        var nodes = new List<GrammarNode>();
        Collect(start, nodes);
        for (var isChanged = true; isChanged;)
        {
            isChanged = false;
            foreach (var node in nodes)
            {
                var length = LengthOf(node);
                isChanged |= length != lengths[node];
                lengths[node] = length;
            }
        }
        Largest = lengths.Values.Where(length => length < Unknown).DefaultIfEmpty().Max();
    }

    /// <summary>The fewest bytes of the part that needs most.</summary>
    public int Largest { get; }

    /// <summary>The fewest bytes that end a text in a state; 0 where it may end there.</summary>
    public int Of(GrammarState state) => state.IsWhole ? 0 : state.Stacks.Select(Of).DefaultIfEmpty(Unknown).Min();

    private int Of(Frame stack)
    {
        var sum = 0L;
        for (var frame = stack; frame is not null; frame = frame.Rest)
            sum += frame.Node switch
            {
                LiteralNode literal => literal.Bytes.Length - frame.Progress,
                SequenceNode sequence => sequence.Parts.Skip(frame.Progress).Sum(part => (long)lengths[part]),
                RepeatNode repeat => (long)Math.Max(0, repeat.Least - frame.Progress) * lengths[repeat.Part],
                var other => lengths[other],
            };
        return (int)Math.Min(sum, Unknown);
    }

    // Parts before what they are parts of, so that few rounds are needed.
    private void Collect(GrammarNode node, List<GrammarNode> nodes)
    {
        if (!lengths.TryAdd(node, Unknown))
            return;
        GrammarNode[] parts = node switch
        {
            SequenceNode sequence => sequence.Parts,
            ChoiceNode choice => choice.Ways,
            RepeatNode repeat => [repeat.Part],
            ReferenceNode reference => [reference.Target!],
            BranchNode branch => [.. branch.Next.OfType<GrammarNode>().Distinct()],
            _ => [],
        };
        foreach (var part in parts)
            Collect(part, nodes);
        nodes.Add(node);
    }

    private int LengthOf(GrammarNode node) => node switch
    {
        LiteralNode literal => literal.Bytes.Length,
        SequenceNode sequence => (int)Math.Min(Unknown, sequence.Parts.Sum(part => (long)lengths[part])),
        ChoiceNode choice => choice.Ways.Min(way => lengths[way]),
        RepeatNode repeat => (int)Math.Min(Unknown, (long)repeat.Least * lengths[repeat.Part]),
        ReferenceNode reference => lengths[reference.Target!],
        BranchNode branch => 1 + branch.Next.OfType<GrammarNode>().Min(next => lengths[next]),
        _ => 1,
    };
}
