using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

// What the tokens of a block see.
public sealed partial class TokenBlock
{
    /// <summary>Which scores of attention count, [rows, 1, length, cached slots + length], bool; null where it would say no more than
    /// causality does. Owned by the block.</summary>
    /// <param name="window">How many positions a token sees, itself included; null for all before it.</param>
    /// <param name="always">Whether causality is to be said, too; null then means that every token sees all.</param>
    public Tensor? Mask(int? window, bool always = false)
    {
        // A window that holds the whole block is none. Padding lies behind every real token, so plain rows need no mask for it.
        var width = window is { } some && some <= LastPosition ? some : int.MaxValue;
        if (isPlain && width == int.MaxValue && IsCausal() && !(always && Length > 1))
            return null;
        if (!masks.TryGetValue(width, out var mask))
        {
            mask = (Cache is null ? MaskOfRows(width)
                : tensor(BuildMask(width), [RowCount, 1, Length, CachedSlots + Length], device: device)).DetachFromDisposeScope();
            masks.Add(width, mask);
        }
        return mask;
    }

    /// <summary>For each row and token the slots of the cache that it sees, the block's own behind those in use.</summary>
    /// <param name="window">How many positions a token sees, itself included; null for all before it.</param>
    internal int[][][] VisibleSlots(int? window)
    {
        var width = window is { } some && some <= LastPosition ? some : int.MaxValue;
        if (visibleSlots.TryGetValue(width, out var found))
            return found;
        if (Caches.Count > 0)
        {
            // A plain sequence's slots are its positions.
            found = [.. rows.Select(row => Array.ConvertAll(row.Positions, position =>
                Enumerable.Range(Math.Max(0, position - width + 1), Math.Min(position + 1, width)).ToArray()))];
            visibleSlots.Add(width, found);
            return found;
        }
        var (mask, slots) = (BuildMask(width), CachedSlots + Length);
        found = [.. Enumerable.Range(0, RowCount).Select(row => Enumerable.Range(0, Length).Select(at =>
        {
            var line = mask.AsSpan((row * Length + at) * slots, slots);
            var seen = new List<int>(slots);
            for (var slot = 0; slot < slots; slot++)
                if (line[slot])
                    seen.Add(slot);
            return seen.ToArray();
        }).ToArray())];
        visibleSlots.Add(width, found);
        return found;
    }

    // One new token sees every slot; several would need the order among themselves.
    private bool IsCausal() => CachedSlots == 0 || (Length == 1 && !Enumerable.Range(0, RowCount).Any(row => Cache!.HasEmptySlot(row)));

    // Made where it is used: only the segments' numbers go there.
    private Tensor MaskOfRows(int width)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // Padding is told apart by numbers of its own: each token of it sees itself, so that its (unused) state stays finite.
        var numbers = new long[RowCount * Length];
        for (var at = 0; at < numbers.Length; at++)
            numbers[at] = at % Length is var place && place < rows[at / Length].Length ? rows[at / Length].Segments[place] : -1 - place;
        var seen = tensor(numbers, [RowCount, 1, 1, Length], device: device);
        using var zero = 0.ToScalar();
        using var end = Length.ToScalar();
        var (sees, places) = (seen.transpose(2, 3), arange(end, device: device).view(1, 1, 1, Length));
        var (isPrefix, isOfPrefix) = (seen.eq(zero), sees.eq(zero));
        var mask = places.le(places.transpose(2, 3));
        if (rows.Any(row => row.SeesWholePrefix))
            mask = mask.logical_or(isPrefix.logical_and(isOfPrefix).logical_and(
                tensor(rows.Select(row => row.SeesWholePrefix).ToArray(), [RowCount, 1, 1, 1], device: device)));
        mask = mask.logical_and(isPrefix.logical_and(sees.ge(zero)).logical_or(seen.eq(sees)));
        if (width < int.MaxValue)
        {
            using var bound = width.ToScalar();
            var positions = Positions.view(RowCount, 1, 1, Length);
            mask = mask.logical_and(positions.transpose(2, 3).sub(positions).lt(bound));
        }
        return mask.MoveToOuterDisposeScope();
    }

    private bool[] BuildMask(int width)
    {
        var slots = CachedSlots + Length;
        var mask = new bool[RowCount * Length * slots];
        for (var index = 0; index < RowCount; index++)
        {
            var (segments, positions) = (rows[index].Segments, rows[index].Positions);
            var cached = Cache is null ? [] : Cache.PositionsOf(index);
            for (var at = 0; at < Length; at++)
            {
                var line = mask.AsSpan((index * Length + at) * slots, slots);
                // A padding token sees itself, so that its (unused) state stays finite.
                line[cached.Length + at] = true;
                if (at >= segments.Length)
                    continue;
                for (var seen = 0; seen < cached.Length; seen++)
                    if (!KeyValueCache.IsEmpty(cached[seen]) && positions[at] - cached[seen] < width)
                        line[seen] = true;
                var end = rows[index].SeesWholePrefix && segments[at] == 0 ? segments.Count(segment => segment == 0) : at;
                for (var seen = 0; seen < end; seen++)
                    if ((segments[seen] == 0 || segments[seen] == segments[at]) && positions[at] - positions[seen] < width)
                        line[cached.Length + seen] = true;
            }
        }
        return mask;
    }
}
