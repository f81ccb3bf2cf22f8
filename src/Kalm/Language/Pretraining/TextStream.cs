using Kalm.Language.Model;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Pretraining;

/// <summary>Texts as training sequences: shuffled each epoch, joined with the end token between them and cut at the context's length.</summary>
internal sealed class TextStream
{
    private readonly int[][] texts;
    private readonly int end;
    private readonly Random randomness;
    private readonly List<int> pending = [];
    private int[] order;
    private int next;

    /// <param name="tokenizer">Has an end token.</param>
    /// <param name="texts">At least one, not all empty.</param>
    /// <param name="seed">Decides the order.</param>
    public TextStream(Tokenizer tokenizer, IReadOnlyList<string> texts, long seed)
    {
        this.texts = [.. texts.AsParallel().AsOrdered().Select(tokenizer.Encode)];
        end = tokenizer.EndId ?? throw new KalmException("the tokenizer names no end token; expected one to set texts apart");
        randomness = new Random(unchecked((int)seed));
        order = [.. Enumerable.Range(0, texts.Count)];
        next = texts.Count;
    }

    /// <summary>All tokens of one pass, end tokens included.</summary>
    public long TokenCount => texts.Sum(text => text.Length + 1L);

    /// <summary>The next sequences: each predicts its own tokens from the second on.</summary>
    public (List<TokenRow> Rows, List<int[]> Labels) Next(int count, int length)
    {
        var rows = new List<TokenRow>(count);
        var labels = new List<int[]>(count);
        int[] reads = [.. Enumerable.Range(0, length)];
        for (var index = 0; index < count; index++)
        {
            while (pending.Count < length + 1)
                Append();
            rows.Add(TokenRow.Sequence([.. pending[..length]], reads));
            labels.Add([.. pending[1..(length + 1)]]);
            pending.RemoveRange(0, length);
        }
        return (rows, labels);
    }

    private void Append()
    {
        if (next == order.Length)
        {
            randomness.Shuffle(order);
            next = 0;
        }
        pending.AddRange(texts[order[next++]]);
        pending.Add(end);
    }
}
