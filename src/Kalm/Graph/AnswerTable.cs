namespace Kalm.Graph;

/// <summary>The answers of queries, a query being a subject and a relation, each fact once: eight bytes a fact.</summary>
internal sealed class AnswerTable
{
    // The facts of subject s lie at [starts[s], starts[s + 1]), sorted by relation, then by answer.
    private readonly int[] starts;
    private readonly int[] relations;
    private readonly int[] answers;

    // Fewer are sorted before threads have started.
    private const int LeastInParallel = 1_000_000;
    private const int Few = 16;

    /// <summary>Collects facts.</summary>
    /// <param name="subjects">Subjects are below this.</param>
    /// <param name="facts">The facts; walked over twice.</param>
    public AnswerTable(int subjects, IEnumerable<DirectedRow> facts)
    {
        var ends = new int[subjects + 1];
        foreach (var fact in facts)
            ends[fact.Head + 1]++;
        for (var subject = 0; subject < subjects; subject++)
            ends[subject + 1] = checked(ends[subject + 1] + ends[subject]);
        var packed = new long[ends[subjects]];
        var next = ends[..subjects];
        foreach (var fact in facts)
            packed[next[fact.Head]++] = ((long)fact.DirectedRelation << 32) | (uint)fact.Tail;

        if (packed.Length < LeastInParallel)
            for (var subject = 0; subject < subjects; subject++)
                Sort(packed.AsSpan(ends[subject]..ends[subject + 1]));
        else
            Parallel.For(0, subjects, subject => Sort(packed.AsSpan(ends[subject]..ends[subject + 1])));
        starts = new int[subjects + 1];
        relations = new int[packed.Length];
        answers = new int[packed.Length];
        var count = 0;
        for (var subject = 0; subject < subjects; subject++)
        {
            var own = packed.AsSpan(ends[subject]..ends[subject + 1]);
            for (var index = 0; index < own.Length; index++)
            {
                if (index > 0 && own[index] == own[index - 1])
                    continue;
                relations[count] = (int)(own[index] >> 32);
                answers[count++] = (int)own[index];
            }
            starts[subject + 1] = count;
        }
    }

    // Most subjects have few facts, and a short command ends before the library's sort of them is compiled well.
    private static void Sort(Span<long> facts)
    {
        if (facts.Length > Few)
        {
            facts.Sort();
            return;
        }
        for (var end = 1; end < facts.Length; end++)
        {
            var (fact, place) = (facts[end], end);
            for (; place > 0 && facts[place - 1] > fact; place--)
                facts[place] = facts[place - 1];
            facts[place] = fact;
        }
    }

    /// <summary>The answers of all facts.</summary>
    public ReadOnlySpan<int> All => answers.AsSpan(0, starts[^1]);

    /// <summary>The answers of a query, ascending; empty when there is none.</summary>
    public ReadOnlySpan<int> Of(int subject, int relation)
    {
        var start = starts[subject];
        var own = relations.AsSpan(start..starts[subject + 1]);
        var from = SortedNumbers.FirstNotBelow(own, relation);
        var to = SortedNumbers.FirstNotBelow(own, relation + 1);
        return answers.AsSpan((start + from)..(start + to));
    }

    /// <summary>The facts of a subject: relations, ascending, and the answer of each.</summary>
    public (ReadOnlyMemory<int> Relations, ReadOnlyMemory<int> Answers) Of(int subject) =>
        (relations.AsMemory(starts[subject]..starts[subject + 1]), answers.AsMemory(starts[subject]..starts[subject + 1]));
}
