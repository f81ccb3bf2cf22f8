using System.Runtime.InteropServices;
using Kalm.Language.Execution;

namespace Kalm.Representation;

/// <summary>The views of one description that somebody asks for.</summary>
/// <param name="Description">From <see cref="Wording.Description"/>, or whole from <see cref="Wording.Text"/>.</param>
/// <param name="WithEntityView">Whether its own view is wanted; it is the first.</param>
/// <param name="Relations">From <see cref="Wording.Relation"/>, a query each, behind the entity view.</param>
public sealed record ViewRequest(int[] Description, bool WithEntityView, IReadOnlyList<int[]> Relations)
{
    /// <summary>The number of views.</summary>
    public int Count => Relations.Count + (WithEntityView ? 1 : 0);
}

/// <summary>The views that several ask for at once, of any texts: equal ones are encoded once, and those of one description share its
/// encoding. <see cref="Forest"/> is the same for the texts of a graph.</summary>
public sealed class ViewForest
{
    private readonly List<TokenRow> rows = [];
    private readonly List<int[]> reads = [];

    /// <summary>Grows the trees.</summary>
    /// <param name="wording">The model's wording.</param>
    /// <param name="requests">What is asked for.</param>
    public ViewForest(Wording wording, IReadOnlyList<ViewRequest> requests)
    {
        var trees = new Dictionary<string, Tree>();
        foreach (var request in requests)
        {
            var tree = TreeOf(trees, request.Description);
            tree.WithEntityView |= request.WithEntityView;
            foreach (var relation in request.Relations)
                if (tree.Places.TryAdd(Key(relation), tree.Relations.Count))
                    tree.Relations.Add(relation);
        }
        foreach (var tree in trees.Values)
        {
            tree.FirstRead = ReadCount;
            ReadCount += tree.Relations.Count + (tree.WithEntityView ? 1 : 0);
            foreach (var view in wording.Views(tree.Description, tree.WithEntityView, tree.Relations))
                rows.AddRange(view.Branches.Count == 1 && view.LongestText > Forest.RowTokens && !view.SeesWholePrefix
                    ? [view.ToSequence()] : view.ToRows(Forest.RowTokens));
        }
        foreach (var request in requests)
        {
            var tree = trees[Key(request.Description)];
            var queries = tree.FirstRead + (tree.WithEntityView ? 1 : 0);
            reads.Add([
                .. request.WithEntityView ? [tree.FirstRead] : Array.Empty<int>(),
                .. request.Relations.Select(relation => queries + tree.Places[Key(relation)]),
            ]);
        }
    }

    /// <summary>The packed rows.</summary>
    public IReadOnlyList<TokenRow> Rows => rows;

    /// <summary>The number of vectors that the rows give.</summary>
    public int ReadCount { get; }

    /// <summary>Which of the vectors are the views of a request, in its order.</summary>
    public IReadOnlyList<int> Reads(int request) => reads[request];

    private static Tree TreeOf(Dictionary<string, Tree> trees, int[] description)
    {
        var key = Key(description);
        if (!trees.TryGetValue(key, out var tree))
            trees.Add(key, tree = new Tree(description));
        return tree;
    }

    // The ids themselves, as characters of a string, are an exact key with a ready hash.
    private static string Key(int[] tokens) => new(MemoryMarshal.Cast<int, char>(tokens));

    private sealed class Tree(int[] description)
    {
        public int[] Description { get; } = description;

        public bool WithEntityView { get; set; }

        public List<int[]> Relations { get; } = [];

        public Dictionary<string, int> Places { get; } = [];

        public int FirstRead { get; set; }
    }
}
