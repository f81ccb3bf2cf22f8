using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>Rows padded to the longest of them; every position is read, padding too.</summary>
/// <param name="Rows">Rows of equal length.</param>
/// <param name="Ends">For each row the flat index of its last real token.</param>
internal sealed record PaddedRows(TokenRow[] Rows, long[] Ends)
{
    /// <summary>Tokens through the body.</summary>
    public int TokenCount => Rows.Length * Length;

    /// <summary>The common length.</summary>
    public int Length => Rows[0].Length;

    public static PaddedRows Pad(IReadOnlyList<int[]> texts)
    {
        var length = texts.Max(text => text.Length);
        var all = Enumerable.Range(0, length).ToArray();
        var rows = texts.Select(text => TokenRow.Sequence([.. text, .. new int[length - text.Length]], all)).ToArray();
        return new PaddedRows(rows, [.. texts.Select((text, row) => (long)row * length + text.Length - 1)]);
    }
}

/// <summary>One batch of the authors' recipe: 24 directed triples in their wording, a pass each for queries, tails and heads, and 4 of the
/// triples as prompts.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948, and the settings its authors published.</remarks>
internal sealed record AuthorsBatch(PaddedRows Queries, PaddedRows Tails, PaddedRows Heads, PaddedRows Prompts, long[] PromptLabels)
{
    /// <summary>Directed triples a batch.</summary>
    public const int RowCount = 24;

    /// <summary>Those of them that are prompts too.</summary>
    public const int PromptCount = 4;

    /// <summary>A position without a label.</summary>
    public const long Unlabelled = -100;

    /// <summary>Tokens through the body for vectors.</summary>
    public int ContrastiveTokens => Queries.TokenCount + Tails.TokenCount + Heads.TokenCount;

    /// <summary>All tokens through the body.</summary>
    public int Tokens => ContrastiveTokens + Prompts.TokenCount;

    /// <summary>Tokenises a batch.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="wording">In the compat style.</param>
    /// <param name="rows">Its triples, each in one direction.</param>
    public static AuthorsBatch Make(KnowledgeGraph graph, Wording wording, IReadOnlyList<DirectedRow> rows)
    {
        var prompts = rows.Take(PromptCount).Select(row => wording.Completion(
            Description(row.Head), wording.Relation(graph.DirectedRelationText(row.DirectedRelation)),
            Wording.Answer(graph.Entities[row.Tail]))).ToList();
        var padded = PaddedRows.Pad([.. prompts.Select(prompt => (int[])[.. prompt.Prefix, .. prompt.Branch.Tokens])]);
        var labels = Enumerable.Repeat(Unlabelled, padded.TokenCount).ToArray();
        for (var row = 0; row < prompts.Count; row++)
            for (var label = 0; label < prompts[row].Labels.Length; label++)
                labels[row * padded.Length + prompts[row].Prefix.Length + prompts[row].Branch.FirstRead + label] =
                    prompts[row].Labels[label];
        return new AuthorsBatch(
            PaddedRows.Pad([.. rows.Select(row => View(wording.Views(
                Description(row.Head), false, [wording.Relation(graph.DirectedRelationText(row.DirectedRelation))])))]),
            PaddedRows.Pad([.. rows.Select(row => View(wording.Views(Description(row.Tail), true, [])))]),
            PaddedRows.Pad([.. rows.Select(row => View(wording.Views(Description(row.Head), true, [])))]),
            padded, labels);

        int[] Description(int entity) => wording.Description(graph.Entities[entity].Description);
    }

    private static int[] View(IEnumerable<TextTree> trees) => trees.Single().ToRows(int.MaxValue).Single().Tokens;
}
