using System.Runtime.InteropServices;
using Kalm.Distributed;

namespace Kalm.Cli;

/// <summary>What the process ends with, and what it says on stderr before it does.</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Success = 0;

    /// <summary>A problem in what the user gave, or one that nobody foresaw.</summary>
    public const int Problem = 1;

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>The environment variable that asks for stack traces.</summary>
    public const string TraceVariable = "KALM_TRACE";

    private const int MostLines = 5;

    /// <summary>Tells the user about a failure in at most five lines.</summary>
    /// <returns>The exit code.</returns>
    public static int Report(Exception error, Terminal terminal)
    {
        var cause = CauseOf(error);
        if (cause is RanksLostException)
        {
            terminal.Error.WriteLine($"error: {cause.Message}\nstopped: {terminal.HowToGoOn}");
            return Interrupted;
        }
        if (cause is OperationCanceledException && terminal.Cancellation.IsCancellationRequested)
        {
            terminal.Error.WriteLine($"interrupted: {terminal.HowToGoOn}");
            return Interrupted;
        }
        foreach (var line in Lines(cause))
            terminal.Error.WriteLine(line);
        if (IsTraceWanted)
            terminal.Error.WriteLine(error);
        return Problem;
    }

    private static bool IsTraceWanted => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(TraceVariable));

    private static IEnumerable<string> Lines(Exception cause) => cause switch
    {
        KalmException => $"error: {cause.Message}".Split('\n').Take(MostLines),
        _ when IsOutOfMemory(cause) && cause.Message.Contains("CUDA", StringComparison.Ordinal) =>
            [$"error: the GPU's memory is full: {FirstLine(cause)}",
                "lower --batch, keep.tokens or wording.maximum_text_tokens of a recipe, set batches.gradient_cache, or take --device cpu"],
        _ when IsOutOfMemory(cause) =>
            [$"error: not enough memory: {FirstLine(cause)}", "try a smaller --batch, fewer --threads or a smaller model"],
        IOException or UnauthorizedAccessException => [$"error: {FirstLine(cause)}"],
        _ => [
            $"unexpected problem: {cause.GetType().Name}: {FirstLine(cause)}",
            .. IsTraceWanted ? Array.Empty<string>() : [$"this is a fault in kalm; {TraceVariable}=1 in the environment shows where"]],
    };

    /// <summary>Work that is spread over threads wraps its failure, as does a failed static constructor.</summary>
    private static Exception CauseOf(Exception error) => error switch
    {
        AggregateException { InnerException: { } inner } => CauseOf(inner),
        TypeInitializationException { InnerException: { } inner } => CauseOf(inner),
        _ => error,
    };

    /// <summary>The tensor library reports a failed allocation as a plain native error.</summary>
    private static bool IsOutOfMemory(Exception error) => error is OutOfMemoryException
        || (error is ExternalException && error.Message.Contains("memory", StringComparison.OrdinalIgnoreCase)
            && (error.Message.Contains("allocate", StringComparison.OrdinalIgnoreCase)
                || error.Message.Contains("out of", StringComparison.OrdinalIgnoreCase)));

    private static string FirstLine(Exception error) => error.Message.Split('\n')[0].TrimEnd();
}
