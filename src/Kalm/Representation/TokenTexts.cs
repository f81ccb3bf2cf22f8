using System.Collections;

namespace Kalm.Representation;

/// <summary>The token ids of distinct texts, numbered by first appearance, in one to three bytes a token. What is read is a
/// copy.</summary>
internal sealed class TokenTexts : IReadOnlyList<int[]>, INumbered<ReadOnlySpan<byte>>
{
    private const int FirstChunk = 1 << 12;
    private const int LargestChunk = 1 << 26;
    private const int Portion = 1 << 14;

    // A text is the number of its tokens and the tokens, each in groups of seven bits, the lowest first, with a bit that says whether
    // another group follows. It lies within one chunk, and its bytes are no other text's beginning.
    private readonly List<byte[]> chunks = [];
    private readonly ChunkedList<(int Chunk, int Offset)> places = new();
    private readonly NumberTable<ReadOnlySpan<byte>> numbers;
    private int used;

    private TokenTexts() => numbers = new(this);

    /// <inheritdoc/>
    public int Count => places.Count;

    /// <inheritdoc/>
    public int[] this[int number]
    {
        get
        {
            var bytes = From(number);
            var tokens = new int[Read(ref bytes)];
            for (var index = 0; index < tokens.Length; index++)
                tokens[index] = Read(ref bytes);
            return tokens;
        }
    }

    /// <summary>Encodes texts, several at a time, and numbers them in their order.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="encode">The tokens of one; called from several threads.</param>
    /// <returns>The distinct texts, and for each text the number of its own.</returns>
    /// <exception cref="KalmException">A text cannot be encoded.</exception>
    public static (TokenTexts Texts, int[] Numbers) Number(int count, Func<int, int[]> encode)
    {
        var texts = new TokenTexts();
        var numbers = new int[count];
        var encoded = new byte[Math.Min(count, Portion)][];
        for (var start = 0; start < count; start += Portion)
        {
            var (first, end) = (start, Math.Min(start + Portion, count));
            try
            {
                Parallel.For(first, end, index => encoded[index - first] = Packed(encode(index)));
            }
            catch (AggregateException problems) when (problems.InnerException is KalmException problem)
            {
                throw new KalmException(problem.Message, problem);
            }
            for (var index = first; index < end; index++)
                numbers[index] = texts.NumberOf(encoded[index - first]);
        }
        return (texts, numbers);
    }

    /// <inheritdoc/>
    public IEnumerator<int[]> GetEnumerator()
    {
        for (var number = 0; number < Count; number++)
            yield return this[number];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    int INumbered<ReadOnlySpan<byte>>.HashOf(ReadOnlySpan<byte> key) => Hash(key);

    int INumbered<ReadOnlySpan<byte>>.HashOf(int number)
    {
        var all = From(number);
        var rest = all;
        for (var left = Read(ref rest); left > 0; left--)
            Read(ref rest);
        return Hash(all[..^rest.Length]);
    }

    bool INumbered<ReadOnlySpan<byte>>.Is(int number, ReadOnlySpan<byte> key) => From(number).StartsWith(key);

    private int NumberOf(byte[] text)
    {
        if (numbers.Find(text) is >= 0 and var known)
            return known;
        if (chunks.Count == 0 || used + text.Length > chunks[^1].Length)
        {
            chunks.Add(new byte[Math.Max(text.Length, chunks.Count == 0 ? FirstChunk : Math.Min(LargestChunk, 2 * chunks[^1].Length))]);
            used = 0;
        }
        text.CopyTo(chunks[^1], used);
        places.Add((chunks.Count - 1, used));
        used += text.Length;
        numbers.Add(Count - 1);
        return Count - 1;
    }

    private ReadOnlySpan<byte> From(int number)
    {
        var (chunk, offset) = places[number];
        return chunks[chunk].AsSpan(offset);
    }

    private static byte[] Packed(int[] tokens)
    {
        var bytes = new byte[Size(tokens.Length) + tokens.Sum(Size)];
        var at = 0;
        Write(tokens.Length);
        foreach (var token in tokens)
            Write(token);
        return bytes;

        void Write(int value)
        {
            for (; value >= 0x80; value >>= 7)
                bytes[at++] = (byte)(value | 0x80);
            bytes[at++] = (byte)value;
        }
    }

    private static int Size(int value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
            size++;
        return size;
    }

    private static int Read(ref ReadOnlySpan<byte> bytes)
    {
        var (value, shift, at) = (0, 0, 0);
        for (; bytes[at] >= 0x80; shift += 7)
            value |= (bytes[at++] & 0x7F) << shift;
        value |= bytes[at++] << shift;
        bytes = bytes[at..];
        return value;
    }

    private static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
