using static TorchSharp.torch;

namespace Kalm.Alignment.Losses;

/// <summary>Entities that earlier steps encoded, each once with its newest vector: candidates that cost no pass (pre-batch negatives,
/// SimKGC, arXiv 2203.02167; known by their texts, so that no answer is taken for a negative).</summary>
/// <param name="capacity">How many are held; those that were encoded longest ago leave first.</param>
/// <param name="width">Numbers in a vector.</param>
/// <param name="device">Where they are held.</param>
internal sealed class CandidateBank(int capacity, int width, Device device) : IDisposable
{
    private const string VectorsName = "bank";
    private const string TextsName = "bank_texts";
    // F32 counts to 2^24 only.
    private const int Digit = 1 << 16;
    private int[] texts = [];
    private Tensor vectors = zeros([0, width], device: device).DetachFromDisposeScope();

    /// <summary>The numbers of the texts, those encoded longest ago first.</summary>
    public IReadOnlyList<int> Texts => texts;

    /// <summary>The vectors of <see cref="Texts"/>, [count, width]; owned by the bank, and valid until it changes.</summary>
    public Tensor Vectors => vectors;

    /// <summary>Adds what a step encoded; vectors that it had of the same texts leave.</summary>
    /// <param name="encodedTexts">The texts, each once.</param>
    /// <param name="encoded">Their vectors, [texts, width].</param>
    public void Add(int[] encodedTexts, Tensor encoded)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var renewed = encodedTexts.ToHashSet();
        int[] staying = [.. Enumerable.Range(0, texts.Length).Where(place => !renewed.Contains(texts[place]))];
        var leaving = Math.Max(0, staying.Length + encodedTexts.Length - capacity);
        var places = tensor(Array.ConvertAll(staying, place => (long)place), device: device);
        var all = cat([vectors.index_select(0, places), encoded.detach().to(vectors.dtype)]);
        Replace([.. staying.Select(place => texts[place]).Concat(encodedTexts).Skip(leaving)],
            all.narrow(0, leaving, all.shape[0] - leaving).clone());
    }

    /// <summary>What a checkpoint holds of it, each tensor as long as the capacity; the caller owns them.</summary>
    public Dictionary<string, Tensor> ToTensors()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var numbers = new float[capacity * 2];
        for (var place = 0; place < texts.Length; place++)
            (numbers[place * 2], numbers[place * 2 + 1]) = ((texts[place] + 1) / Digit, (texts[place] + 1) % Digit);
        var held = zeros([capacity, width], device: device);
        held.narrow(0, 0, texts.Length).copy_(vectors);
        return new()
        {
            [VectorsName] = held.MoveToOuterDisposeScope(),
            [TextsName] = tensor(numbers, [capacity, 2], device: device).MoveToOuterDisposeScope(),
        };
    }

    /// <summary>Becomes what a checkpoint holds.</summary>
    /// <param name="tensors">As <see cref="ToTensors"/> makes them.</param>
    public void Restore(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var noGradient = no_grad();
        var numbers = tensors[TextsName].cpu().data<float>().ToArray();
        int[] found = [.. Enumerable.Range(0, capacity).Select(place => (int)numbers[place * 2] * Digit + (int)numbers[place * 2 + 1] - 1)
            .TakeWhile(text => text >= 0)];
        Replace(found, tensors[VectorsName].narrow(0, 0, found.Length).clone());
    }

    private void Replace(int[] newTexts, Tensor newVectors)
    {
        vectors.Dispose();
        (texts, vectors) = (newTexts, newVectors.DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => vectors.Dispose();
}
