using System.Collections;

namespace Kalm;

/// <summary>A list that grows without being copied, so that it never needs twice its memory.</summary>
internal sealed class ChunkedList<T> : IReadOnlyList<T>
{
    private const int ChunkBits = 16;
    private const int First = 16;
    private readonly List<T[]> chunks = [];

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public T this[int index] => (uint)index < (uint)Count
        ? chunks[index >> ChunkBits][index & ((1 << ChunkBits) - 1)]
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"expected 0 to {Count - 1}");

    /// <summary>Adds an item behind the others.</summary>
    public void Add(T item)
    {
        var place = Count & ((1 << ChunkBits) - 1);
        if (place == 0)
            chunks.Add(new T[Count == 0 ? First : 1 << ChunkBits]);
        else if (place == chunks[^1].Length)
            chunks[^1] = Grown(chunks[^1]);
        chunks[^1][place] = item;
        Count++;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        for (var chunk = 0; chunk < chunks.Count; chunk++)
        {
            var items = chunks[chunk];
            var end = Math.Min(items.Length, Count - (chunk << ChunkBits));
            for (var place = 0; place < end; place++)
                yield return items[place];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // Only the first chunk begins small.
    private static T[] Grown(T[] chunk)
    {
        Array.Resize(ref chunk, 2 * chunk.Length);
        return chunk;
    }
}
