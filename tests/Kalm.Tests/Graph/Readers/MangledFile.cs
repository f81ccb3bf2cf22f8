using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Damages files at random, and holds their reader to what it owes: an end, memory that the file accounts for, and no fault but
/// one with a message.</summary>
internal static class MangledFile
{
    // Far above what the small files of these tests need, far below what a damaged count in them could ask for.
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Reads damaged copies of a file of a graph.</summary>
    /// <param name="path">The graph: the file itself, or its folder.</param>
    /// <param name="file">The file that is damaged.</param>
    /// <param name="options">How it is read; its format is given, so that the reader cannot refuse by not knowing it.</param>
    /// <param name="times">How many copies.</param>
    /// <param name="seed">Decides the damage.</param>
    /// <returns>How many of them were read and how many refused.</returns>
    public static async Task<(int Read, int Refused)> ReadAll(string path, string file, GraphOptions options, int times, int seed)
    {
        var whole = await File.ReadAllBytesAsync(file);
        var random = new Random(seed);
        var (read, refused) = (0, 0);
        for (var time = 0; time < times; time++)
        {
            var bytes = Damage(whole, random);
            await File.WriteAllBytesAsync(file, bytes);
            var reading = Task.Run(() =>
            {
                // Of this thread alone, as other tests run beside this one.
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    var graph = KnowledgeGraph.Load(path, options with { SkipBad = random.Next(3) * 3 });
                    Assert.All(graph.Train, fact => Assert.True(fact.Head < graph.Entities.Count && fact.Tail < graph.Entities.Count));
                    return true;
                }
                catch (KalmException problem)
                {
                    Assert.NotEmpty(problem.Message);
                    return false;
                }
                finally
                {
                    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
                }
            });
            var done = await Task.WhenAny(reading, Task.Delay(Patience)) == reading;
            if (!done)
                await KeepAsync(bytes, seed, time);
            Assert.True(done, $"seed {seed}, copy {time}: not read within {Patience.TotalSeconds} s");
            try
            {
                if (await reading)
                    read++;
                else
                    refused++;
            }
            catch (Exception problem)
            {
                await KeepAsync(bytes, seed, time);
                Assert.Fail($"seed {seed}, copy {time}: {problem}");
            }
        }
        await File.WriteAllBytesAsync(file, whole);
        return (read, refused);
    }

    private static Task KeepAsync(byte[] bytes, int seed, int time) =>
        File.WriteAllBytesAsync(Path.Combine(Path.GetTempPath(), $"kalm-mangled-{seed}-{time}"), bytes);

    private static byte[] Damage(byte[] whole, Random random)
    {
        var bytes = whole.ToList();
        switch (random.Next(5))
        {
            case 0:
                bytes.RemoveRange(random.Next(bytes.Count), 0);
                return [.. bytes.Take(random.Next(bytes.Count))];
            case 1:
                var from = random.Next(bytes.Count);
                bytes.RemoveRange(from, random.Next(1, Math.Min(40, bytes.Count - from) + 1));
                break;
            case 2:
                var (start, at) = (random.Next(bytes.Count), random.Next(bytes.Count));
                bytes.InsertRange(at, whole.Skip(start).Take(random.Next(1, 60)));
                break;
            default:
                for (var change = random.Next(1, 6); change > 0; change--)
                    bytes[random.Next(bytes.Count)] = random.Next(3) == 0 ? (byte)"\"'\\,;:[]{}<>\n\0&#"[random.Next(16)] : (byte)random.Next(256);
                break;
        }
        return [.. bytes];
    }
}
