using Kalm.Language.Model;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The vectors of entity texts as training last encoded them: negatives from the whole graph that cost a matrix product and no
/// encoding (a memory bank, arXiv 1805.01978). A text that was never encoded is none.</summary>
internal sealed class EntityBank : IDisposable
{
    private readonly KnownTexts known;
    private readonly int drawn;
    private readonly long seed;
    private readonly bool[] isFilled;
    private int filledCount;

    /// <summary>Starts empty.</summary>
    /// <param name="texts">The number of distinct entity texts.</param>
    /// <param name="width">The width of a vector.</param>
    /// <param name="known">What is no negative.</param>
    /// <param name="drawn">The number of negatives a step.</param>
    /// <param name="seed">Decides which.</param>
    /// <param name="device">Where the vectors live.</param>
    public EntityBank(int texts, int width, KnownTexts known, int drawn, long seed, Device device)
    {
        (this.known, this.drawn, this.seed) = (known, drawn, seed);
        Vectors = zeros(texts, width, device: device).DetachFromDisposeScope();
        isFilled = new bool[texts];
    }

    /// <summary>The bank that a recipe asks for; null for none.</summary>
    public static EntityBank? Of(AlignmentOptions options, CausalModel model, TextIndex texts, KnownTexts known) => options.BankNegatives == 0 ? null
        : new EntityBank(texts.Descriptions.Count, model.Config.HiddenSize, known, options.BankNegatives, options.Seed, model.Device);

    /// <summary>[texts, width], unit length, zero where there is none yet. Owned by the bank.</summary>
    public Tensor Vectors { get; }

    /// <summary>Takes what is filled from <see cref="Vectors"/>, after they were restored.</summary>
    public void Recount()
    {
        using var scope = NewDisposeScope();
        Vectors.abs().amax([1]).cpu().data<float>().Select(largest => largest > 0).ToArray().CopyTo(isFilled, 0);
        filledCount = isFilled.Count(filled => filled);
    }

    /// <summary>Keeps vectors.</summary>
    /// <param name="texts">Entity texts by number.</param>
    /// <param name="vectors">[texts, width].</param>
    public void Store(int[] texts, Tensor vectors)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Vectors.index_copy_(0, tensor(texts.Select(text => (long)text).ToArray(), device: Vectors.device), vectors.detach());
        foreach (var text in texts)
        {
            filledCount += isFilled[text] ? 0 : 1;
            isFilled[text] = true;
        }
    }

    /// <summary>Draws the further negatives of a step, none of them a column of its batch.</summary>
    /// <param name="step">The step.</param>
    /// <param name="batch">Its batch.</param>
    /// <returns>The negatives; null while there are none. The caller owns them.</returns>
    public BankDraw? Draw(int step, ContrastiveBatch batch)
    {
        var chosen = Choose(batch.Columns.ToHashSet(), Randomness.For(seed, "bank", step));
        if (chosen.Length == 0)
            return null;
        var places = new Dictionary<int, int>(chosen.Length);
        for (var place = 0; place < chosen.Length; place++)
            places.Add(chosen[place], place);
        var leftOut = new List<long>();
        for (var row = 0; row < batch.Queries.Length; row++)
            foreach (var answer in known.Answers(batch.Queries[row]))
                if (places.TryGetValue(answer, out var place))
                    leftOut.Add((long)row * chosen.Length + place);
        using var noGradient = no_grad();
        using var index = tensor(chosen.Select(text => (long)text).ToArray(), device: Vectors.device);
        return new BankDraw(Vectors.index_select(0, index).DetachFromDisposeScope(), [.. leftOut]);
    }

    private int[] Choose(HashSet<int> inBatch, Random random)
    {
        // Few to choose from: all of them, or a shuffle; many: draw until enough are new.
        if (filledCount < 2 * (drawn + inBatch.Count))
        {
            var free = Enumerable.Range(0, isFilled.Length).Where(text => isFilled[text] && !inBatch.Contains(text)).ToArray();
            random.Shuffle(free);
            return free[..Math.Min(drawn, free.Length)];
        }
        var chosen = new int[drawn];
        for (var count = 0; count < drawn;)
        {
            var text = random.Next(isFilled.Length);
            if (isFilled[text] && inBatch.Add(text))
                chosen[count++] = text;
        }
        return chosen;
    }

    /// <inheritdoc/>
    public void Dispose() => Vectors.Dispose();
}

/// <summary>Negatives from a bank.</summary>
/// <param name="Vectors">[negatives, width], unit length, no gradient.</param>
/// <param name="LeftOut">Flat indices into [rows, negatives] of known answers.</param>
internal sealed record BankDraw(Tensor Vectors, long[] LeftOut) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Vectors.Dispose();
}
