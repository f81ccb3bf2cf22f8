using System.Diagnostics;
using System.Globalization;

namespace Kalm.Benchmarks;

/// <summary>What work took in a process of its own.</summary>
/// <param name="Figure">What the verb gave: seconds, or the memory that was told.</param>
/// <param name="PeakMebibytes">The process's highest resident size.</param>
internal sealed record OwnProcess(double Figure, double PeakMebibytes)
{
    /// <summary>Has a verb measure something in a process of its own: it is given <c>--once</c> and the path, and calls
    /// <see cref="Tell"/>.</summary>
    public static OwnProcess Measure(string verb, string path)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var word in new[] { typeof(OwnProcess).Assembly.Location, verb, "--once", path })
            start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new KalmException($"{path}: loading it ended with {process.ExitCode}");
        var numbers = output.Trim().Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new OwnProcess(numbers[0], numbers[1]);
    }

    /// <summary>Measures in this process and tells the one that started it.</summary>
    /// <param name="load">Gives the figure, such as the seconds that count; memory counts throughout.</param>
    public static void Tell(Func<double> load)
    {
        var figure = 0.0;
        var peak = PeakMemory.During(() => figure = load())
            ?? throw new KalmException("found no /proc/self/status; expected Linux, which tells a process's peak memory");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{figure:F3} {peak:F1}"));
    }
}
