using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>One row of a block: token ids with the position and the segment of each. Segment 0 is a prefix that every token after it sees;
/// a token of segment k > 0 (a branch) sees the prefix and its own segment only. A plain sequence is all segment 0.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Positions">Position ids; a branch continues from its prefix.</param>
/// <param name="Segments">Segments, as above.</param>
/// <param name="Reads">The indices in the row whose final hidden state is wanted, ascending.</param>
public sealed record TokenRow(int[] Tokens, int[] Positions, int[] Segments, int[] Reads)
{
    /// <summary>Where the state of each token lies that the layers below the trained ones made of it; empty where nowhere.</summary>
    public long[] StatesAt { get; init; } = [];

    /// <summary>Whether the tokens of segment 0 see all of segment 0, not only what lies before them.</summary>
    public bool SeesWholePrefix { get; init; }

    /// <summary>The number of tokens.</summary>
    public int Length => Tokens.Length;

    /// <summary>A plain causal sequence.</summary>
    public static TokenRow Sequence(int[] tokens, int[] reads) =>
        new(tokens, [.. Enumerable.Range(0, tokens.Length)], new int[tokens.Length], reads);
}

/// <summary>Rows of similar length as the tensors that the decoder takes. Owns them.</summary>
public sealed partial class TokenBlock : IDisposable
{
    /// <summary>Parts of a prompt of so many tokens or more may be rounded where they are multiplied.</summary>
    internal const int LongPrompt = 256;

    private readonly IReadOnlyList<TokenRow> rows;
    private readonly Device device;
    private readonly Dictionary<int, Tensor> masks = [];
    private readonly Dictionary<int, AttentionSpan[][]> spans = [];
    private readonly Dictionary<int, int[][][]> visibleSlots = [];
    private readonly bool isPlain;
    private TokenBlock[]? parts;

    /// <summary>Lays rows out, padded to the longest or end to end.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="cache">What the rows continue, row by row; null for nothing. Not owned.</param>
    /// <param name="packed">Whether rows may lie end to end, which only a decoder's own attention can read; rows that are no trees are
    /// padded even so.</param>
    /// <param name="multiple">Packed tokens and reads are filled up to a multiple of this: a library that prepares a product for every new
    /// shape then meets few of them.</param>
    public TokenBlock(IReadOnlyList<TokenRow> rows, Device device, KeyValueCache? cache = null, bool packed = false, int multiple = 1)
        : this(rows, device, cache, [], packed, multiple) { }

    private TokenBlock(
        IReadOnlyList<TokenRow> rows, Device device, KeyValueCache? cache, IReadOnlyList<KeyValueCache> caches, bool packed, int multiple)
    {
        (this.rows, this.device, Cache, Caches) = (rows, device, cache, caches);
        RowCount = rows.Count;
        Length = rows.Max(row => row.Length);
        TokenCount = rows.Sum(row => row.Length);
        RowLengths = [.. rows.Select(row => row.Positions.Max() + 1)];
        LastPosition = RowLengths.Max() - 1;
        IsLongPrompt = (cache is not null || caches.Count > 0) && rows.All(row => row.Length >= LongPrompt);
        IsPacked = packed && cache is null && Sees(int.MaxValue);
        var isFlat = IsPacked || caches.Count > 0;
        var tokens = new long[isFlat ? Filled(TokenCount) : RowCount * Length];
        var positions = new long[tokens.Length];
        var reads = new List<long>();
        Starts = new int[RowCount];
        for (var (index, start) = (0, 0); index < RowCount; start += isFlat ? rows[index].Length : Length, index++)
        {
            var row = rows[index];
            Starts[index] = start;
            for (var at = 0; at < row.Length; at++)
            {
                tokens[start + at] = row.Tokens[at];
                positions[start + at] = row.Positions[at];
            }
            foreach (var read in row.Reads)
                reads.Add(start + read);
        }
        ReadCount = reads.Count;
        Tokens = tensor(tokens, device: device).DetachFromDisposeScope();
        Positions = tensor(positions, isFlat ? [1, tokens.Length] : [RowCount, Length], device: device).DetachFromDisposeScope();
        var areAllRead = ReadCount == (isFlat ? TokenCount : tokens.Length);
        if (IsPacked)
            reads.AddRange(Enumerable.Repeat(0L, Filled(ReadCount) - ReadCount));
        Reads = areAllRead ? null : tensor([.. reads], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
        isPlain = rows.All(row => !row.SeesWholePrefix && row.Segments.All(segment => segment == 0));

        int Filled(int count) => (count + multiple - 1) / multiple * multiple;
    }

    /// <summary>Lays rows end to end, each behind what a cache of its own holds: sequences of any lengths that share the products of a
    /// pass.</summary>
    /// <param name="rows">Plain sequences, at least one.</param>
    /// <param name="caches">For each row its cache, of one row; not owned.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <returns>The block; the caller owns it.</returns>
    public static TokenBlock Behind(IReadOnlyList<TokenRow> rows, IReadOnlyList<KeyValueCache> caches, Device device) =>
        new(rows, device, null, caches, packed: false, multiple: 1);

    /// <summary>The number of rows.</summary>
    public int RowCount { get; }

    /// <summary>The padded length of a row.</summary>
    public int Length { get; }

    /// <summary>The number of real tokens, padding not counted.</summary>
    public int TokenCount { get; }

    /// <summary>The number of hidden states read.</summary>
    public int ReadCount { get; }

    /// <summary>Whether the rows lie end to end, without padding.</summary>
    public bool IsPacked { get; }

    /// <summary>For each row the flat index of its first token.</summary>
    public int[] Starts { get; }

    /// <summary>Token ids, [rows x length], or [tokens] where packed, int64.</summary>
    public Tensor Tokens { get; }

    /// <summary>Position ids, [rows, length], or [1, tokens] where packed, int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Flat indices of the read states, at least <see cref="ReadCount"/>, int64; null when all are read.</summary>
    public Tensor? Reads { get; }

    /// <summary>What the rows continue; null for nothing.</summary>
    public KeyValueCache? Cache { get; }

    /// <summary>What each row continues by itself; empty where they do not.</summary>
    public IReadOnlyList<KeyValueCache> Caches { get; }

    /// <summary>Where they do, the rows as blocks of their own. Owned by the block.</summary>
    internal IReadOnlyList<TokenBlock> Parts =>
        parts ??= [.. Caches.Select((cache, row) => new TokenBlock([rows[row]], device, cache))];

    /// <summary>The tokens of a row, its padding included.</summary>
    internal int LengthOf(int row) => Caches.Count > 0 ? rows[row].Length : Length;

    /// <summary>Whether every row is a long part of a prompt that a text is to continue. Its products may be rounded to BF16; those of
    /// short ones may not, so that what a question is answered does not depend on what is asked beside it.</summary>
    internal bool IsLongPrompt { get; }

    /// <summary>The highest position.</summary>
    public int LastPosition { get; }

    /// <summary>For each row the positions up to its highest.</summary>
    public IReadOnlyList<int> RowLengths { get; }

    /// <summary>How a packed block's attention is laid out.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="window">How many positions a token sees, itself included; null for all before it.</param>
    /// <param name="rotary">Turns queries and keys; null where nothing is turned any more.</param>
    internal AttentionPlan Plan(ModelConfig config, int? window, Rotary? rotary)
    {
        var width = window is { } some && some <= LastPosition ? some : int.MaxValue;
        Sees(width);
        RotaryTable[] angles = [.. RowLengths.Select(length => rotary?.Table(length) ?? RotaryTable.None)];
        return new AttentionPlan(
            rows, Starts, spans[width], config.HeadCount, config.KeyValueHeadCount, config.HeadDimension, angles,
            (float)config.ScoreFactor, config.QueryStretch);
    }

    /// <summary>The position of a token; 0 of padding.</summary>
    internal int PositionOf(int row, int at) => at < rows[row].Length ? rows[row].Positions[at] : 0;

    private bool Sees(int width)
    {
        if (spans.ContainsKey(width))
            return true;
        var found = new AttentionSpan[rows.Count][];
        for (var index = 0; index < found.Length; index++)
        {
            if (AttentionSpan.Of(rows[index], width) is not { } span)
                return false;
            found[index] = span;
        }
        spans.Add(width, found);
        return true;
    }

    /// <summary>Tells the cache that every layer has added these rows.</summary>
    internal void CountInCache()
    {
        Cache?.Advance(rows);
        for (var row = 0; row < Caches.Count; row++)
            Caches[row].Advance([rows[row]]);
    }

    private int CachedSlots => Cache?.SlotCount ?? 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Positions.Dispose();
        Reads?.Dispose();
        foreach (var part in parts ?? [])
            part.Dispose();
        foreach (var mask in masks.Values)
            mask.Dispose();
    }
}
