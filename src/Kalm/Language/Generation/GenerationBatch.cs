using System.Runtime.InteropServices;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Generation;

/// <summary>Continues many prompts together, as Orca batches them (OSDI 2022): a step takes every sequence that is being written one token
/// further, in one pass of theirs and of the next part of a prompt, and they come and go between two steps. Every sequence has a cache of
/// its own, and products add up each row alike in any company, so that on a CPU what one is written depends on nothing but itself, to the
/// last bit, where the rows of matrices are multiples of 32 numbers and heads of 16. Not for several threads at once.</summary>
/// <param name="pool">The model; not owned.</param>
/// <param name="prefixBytes">The memory for keys and values of sequences that have ended: what begins as one of them is not read again.
/// 0 keeps none, and shares none.</param>
public sealed class GenerationBatch(DecoderPool pool, long prefixBytes = GenerationBatch.DefaultPrefixBytes) : IDisposable
{
    /// <summary>Bytes that are kept unless something else is asked for: of SmolLM2-135M 8,000 tokens or more.</summary>
    public const long DefaultPrefixBytes = 512L << 20;

    // What a device that computes rows side by side reads at once.
    private const int MostOnDevice = 2048;
    private const int FewestPromptTokens = 16;
    private const int ShortestPrefix = 8;
    private readonly PrefixCache prefixes = new(prefixBytes);
    private readonly bool isOnDevice = pool.Device.type != TorchSharp.DeviceType.CPU;
    private readonly RopeScaling[] scalings = [.. Enumerable.Range(0, pool.Config.LayerCount)
        .Select(layer => pool.Config.RotaryOf(layer)?.Scaling).OfType<RopeScaling>().Distinct()];
    private float[] logits = [];

    /// <summary>The memory that is taken by keys and values of sequences that have ended.</summary>
    public long PrefixBytes => prefixes.Bytes;

    /// <summary>Writes one token for every sequence of every generation whose prompt has been read, and reads on in the others, the first
    /// ones first.</summary>
    /// <param name="generations">Any number, in the order in which they came; those that are over are passed over.</param>
    /// <returns>What was done.</returns>
    public StepReport Step(IEnumerable<OpenGeneration> generations)
    {
        var open = generations.Where(generation => generation is { IsFinished: false, Fault: null }).ToList();
        open.ForEach(generation => generation.Clear());
        var begun = open.Where(generation => !generation.IsBegun).ToList();
        var passes = Passes(open);
        begun.RemoveAll(generation => !generation.IsBegun);
        passes.ForEach(Run);
        return new StepReport(
            passes.Sum(pass => pass.Count(feed => feed.IsAnswered)),
            passes.Sum(pass => pass.Where(feed => feed.Sequence == Feed.Reading).Sum(feed => feed.Tokens.Length)),
            begun.Sum(generation => generation.CachedTokens), begun.Count(generation => generation.CachedTokens > 0));
    }

    private int MostTokens => isOnDevice ? MostOnDevice : Execution.Kernels.StoredProduct.MostRows;

    private List<List<Feed>> Passes(List<OpenGeneration> open)
    {
        var passes = open.Where(generation => generation.IsRead).SelectMany(generation => generation.NextTokens())
            .Chunk(MostTokens).Select(feeds => feeds.ToList()).ToList();
        if (passes.Count == 0 || MostTokens - passes[^1].Count < FewestPromptTokens)
            passes.Add([]);
        var (last, room) = (passes[^1], MostTokens - passes[^1].Count);
        var isWholeTaken = false;
        foreach (var generation in open.Where(generation => !generation.IsRead))
        {
            if (room == 0)
                break;
            if (!TryBegin(generation, open))
                continue;
            if (WholePart(generation) is var whole && whole == 0)
            {
                last.Add(generation.NextPart(room));
                room -= last[^1].Tokens.Length;
            }
            else if (!isWholeTaken)
            {
                passes.Add([generation.NextPart(whole)]);
                isWholeTaken = true;
            }
        }
        passes.RemoveAll(pass => pass.Count == 0);
        return passes;
    }

    // False where one that came before reads the same just now.
    private bool TryBegin(OpenGeneration generation, List<OpenGeneration> open)
    {
        if (generation.IsBegun)
            return true;
        var (length, prefix) = (0, default(CachedPrefix));
        if (prefixes.IsOn && IsTurnedAlike(generation.PromptTokens))
        {
            foreach (var other in prefixes.Kept.Concat(open.Select(other => other.Prefix).OfType<CachedPrefix>()))
                if (Usable(other.Tokens.AsSpan(0, other.Count), other.PromptTokens, generation.Prompt) is var usable && usable > length)
                    (length, prefix) = (usable, other);
            if (open.TakeWhile(other => other != generation).Any(other => !other.IsRead
                && Usable(other.Prompt, other.PromptTokens, generation.Prompt) > length + ShortestPrefix))
                return false;
        }
        if (prefix is not null)
            prefixes.Touch(prefix);
        generation.Begin(prefix?.Cache.First(length) ?? new KeyValueCache(pool.Config, 1, pool.Device));
        return true;
    }

    // How many of another's first tokens have the keys and values that they would have here.
    private int Usable(ReadOnlySpan<int> theirs, int theirPrompt, int[] own)
    {
        if (!IsTurnedAlike(theirPrompt))
            return 0;
        var common = Math.Min(theirs.CommonPrefixLength(own), own.Length - 1);
        var (theirLong, ownLong) = (LongTokens(theirPrompt), LongTokens(own.Length));
        if (theirLong != ownLong || common < ownLong)
            common = Math.Min(common, Math.Min(theirLong, ownLong)) / TokenBlock.LongPrompt * TokenBlock.LongPrompt;
        return common < ShortestPrefix ? 0 : common;
    }

    // Long parts of a prompt are rounded where that is faster: always the same ones, each in a pass of its own, so that they are the same.
    private int LongTokens(int promptTokens) =>
        !isOnDevice && MatrixProducts.GainsFromBf16 ? (promptTokens - 1) / TokenBlock.LongPrompt * TokenBlock.LongPrompt : 0;

    private int WholePart(OpenGeneration generation) =>
        !IsTurnedAlike(generation.PromptTokens) ? generation.PromptTokens
        : generation.Prefix!.Count < LongTokens(generation.PromptTokens) ? TokenBlock.LongPrompt : 0;

    // Where frequencies go by the length of a text, its parts would be turned otherwise than the whole.
    private bool IsTurnedAlike(int length) => Array.TrueForAll(scalings, scaling => scaling.Regime(length) == 0);

    private void Run(List<Feed> pass)
    {
        pass.RemoveAll(feed => feed.Generation.Fault is not null);
        if (pass.Count == 0)
            return;
        Feed[] feeds = [.. pass.OrderByDescending(feed => feed.IsAnswered)];
        int width;
        try
        {
            width = Read(feeds);
        }
#pragma warning disable CA1031 // Told to whoever asked; the others go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (feeds.Length == 1)
                feeds[0].Generation.Fault = error;
            else
                foreach (var feed in feeds)
                {
                    feed.Cache.CutTo(feed.Start);
                    Run([feed]);
                }
            return;
        }
        Write([.. feeds.TakeWhile(feed => feed.IsAnswered)], width);
    }

    // Gives the logits of a row.
    private int Read(Feed[] feeds)
    {
        var answered = feeds.Count(feed => feed.IsAnswered);
        return pool.OnFirst(decoder =>
        {
            using var block = TokenBlock.Behind(
                Array.ConvertAll(feeds, feed => feed.Row), Array.ConvertAll(feeds, feed => feed.Cache), pool.Device);
            var states = decoder.Read(decoder.Embed(block.Tokens), block);
            if (answered == 0)
                return 0;
            var numbers = MemoryMarshal.Cast<byte, float>(decoder.Logits(states.narrow(0, 0, answered)).cpu().contiguous().bytes);
            if (logits.Length < numbers.Length)
                logits = new float[numbers.Length];
            numbers.CopyTo(logits);
            return numbers.Length / answered;
        });
    }

    private void Write(Feed[] feeds, int width)
    {
        if (feeds.Length == 0)
            return;
        var own = feeds.Select((feed, row) => (Feed: feed, Row: row)).GroupBy(item => item.Feed.Generation).ToList();
        Parallel.ForEach(own, new ParallelOptions { MaxDegreeOfParallelism = pool.ThreadCount }, group =>
        {
            try
            {
                foreach (var (feed, row) in group)
                    group.Key.Write(feed.Sequence, logits.AsSpan(row * width, width));
            }
#pragma warning disable CA1031 // As above.
            catch (Exception error)
#pragma warning restore CA1031
            {
                group.Key.Fault = error;
            }
        });
        foreach (var group in own)
            if (group.Key.Fault is null)
                group.Key.Settle(prefixes);
    }

    /// <inheritdoc/>
    public void Dispose() => prefixes.Dispose();
}

/// <summary>What a step did.</summary>
/// <param name="Sequences">Sequences that were written one token further.</param>
/// <param name="PromptTokens">Tokens of prompts that were read.</param>
/// <param name="CachedTokens">Tokens of prompts that were begun and need not be read.</param>
/// <param name="CachedPrompts">How many prompts those belong to.</param>
public sealed record StepReport(int Sequences, int PromptTokens, int CachedTokens, int CachedPrompts);
