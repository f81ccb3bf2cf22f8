using Kalm.Language.Execution;

namespace Kalm.Representation;

/// <summary>What a batch asks the encoder for: distinct entity views and distinct queries, grouped under the description they
/// share.</summary>
public sealed class Forest
{
    /// <summary>Tokens that a packed row holds: attention over a row costs its length squared.</summary>
    internal const int RowTokens = 256;
    private readonly Dictionary<int, int> entityReads = [];
    private readonly Dictionary<long, int> queryReads = [];
    private readonly List<TokenRow> rows = [];

    /// <summary>Grows the trees.</summary>
    /// <param name="texts">The encoded texts.</param>
    /// <param name="entityTexts">Numbers of the descriptions whose entity view is wanted; repeats are encoded once.</param>
    /// <param name="queryTexts">Numbers of the wanted queries (<see cref="TextIndex.QueryText"/>); repeats are encoded once.</param>
    /// <param name="altered">What is encoded instead of a description's ids, asked once a description; null for the description
    /// itself.</param>
    /// <param name="states">What the layers below the trained ones made of the views; null where nothing is kept of that.</param>
    public Forest(
        TextIndex texts, IEnumerable<int> entityTexts, IEnumerable<long> queryTexts, Func<int[], int[]>? altered = null,
        ViewStates? states = null)
    {
        var trees = new Dictionary<int, Tree>();
        foreach (var entity in entityTexts)
            TreeOf(entity).WithEntityView = true;
        foreach (var query in queryTexts)
            if (queryReads.TryAdd(query, 0))
                TreeOf(texts.EntityTextOf(query)).Queries.Add(query);
        var read = 0;
        foreach (var (entity, tree) in trees)
        {
            var relations = tree.Queries.ConvertAll(query => texts.Relations[texts.RelationTextOf(query)]);
            var description = texts.Descriptions[entity];
            var views = texts.Wording.Views(altered?.Invoke(description) ?? description, tree.WithEntityView, relations);
            foreach (var view in states?.Placed(entity, views, tree.WithEntityView, tree.Queries) ?? views)
                rows.AddRange(view.ToRows(RowTokens));
            if (tree.WithEntityView)
                entityReads.Add(entity, read++);
            foreach (var query in tree.Queries)
                queryReads[query] = read++;
        }

        Tree TreeOf(int entity)
        {
            if (!trees.TryGetValue(entity, out var tree))
                trees.Add(entity, tree = new Tree());
            return tree;
        }
    }

    /// <summary>The packed rows; their reads in order are the vectors that the two look-ups below number.</summary>
    public IReadOnlyList<TokenRow> Rows => rows;

    /// <summary>The number of tokens to encode.</summary>
    public int TokenCount => rows.Sum(row => row.Length);

    /// <summary>Which vector is the entity view of a description.</summary>
    public int EntityRead(int entityText) => entityReads[entityText];

    /// <summary>Which vector is the view of a query.</summary>
    public int QueryRead(long queryText) => queryReads[queryText];

    private sealed class Tree
    {
        public bool WithEntityView { get; set; }

        public List<long> Queries { get; } = [];
    }
}
