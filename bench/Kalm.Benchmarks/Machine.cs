using System.Diagnostics;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>What a result was measured on. Seconds mean nothing without it.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Cores">Cores that the process may use.</param>
/// <param name="Threads">Threads that it did use.</param>
/// <param name="ProductGflops">The best 2048 x 2048 x 2048 product in fp32 with that many threads.</param>
internal sealed record Machine(string Processor, int Cores, int Threads, double ProductGflops)
{
    private const int Size = 2048;
    private const int Repeats = 10;

    /// <summary>Measures this machine now. Others may be using it: the best of several measurements, taken through the run, comes
    /// closest.</summary>
    public static Machine Measure(int threads) => new(Name(), Environment.ProcessorCount, threads, BestProduct(threads));

    /// <summary>The same machine, if it is faster now.</summary>
    public Machine MeasureAgain() => this with { ProductGflops = Math.Max(ProductGflops, BestProduct(Threads)) };

    private static double BestProduct(int threads)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        set_num_threads(threads);
        var left = randn(Size, Size);
        var right = randn(Size, Size);
        var best = double.MaxValue;
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var clock = Stopwatch.StartNew();
            using var product = left.mm(right);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return 2.0 * Size * Size * Size / best / 1e9;
    }

    private static string Name() => !File.Exists("/proc/cpuinfo") ? "" : File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "";
}
