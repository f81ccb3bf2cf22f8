using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kalm.Server;

/// <summary>Every line of the log.</summary>
internal static partial class ServerLog
{
    /// <summary>Writes the log to the standard error; only results, and what a protocol says, go to the standard output.</summary>
    public static void Configure(ILoggingBuilder logging, ServerOptions options)
    {
        logging.ClearProviders();
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.JsonLog)
            logging.AddJsonConsole();
        else
            logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss "));
        logging.SetMinimumLevel(options.Quiet ? LogLevel.Error : LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // What goes wrong in a call is told to who calls, and logged by us where nobody foresaw it.
        logging.AddFilter("ModelContextProtocol", LogLevel.Critical);
        // A start that fails is told by an exception.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
    }

    [LoggerMessage(1, LogLevel.Information, "{Method} {Route} {Status} in {Milliseconds:F1} ms")]
    public static partial void Answered(ILogger log, string method, string route, int status, double milliseconds);

    [LoggerMessage(2, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger log, string method, PathString path, Exception error);

    [LoggerMessage(3, LogLevel.Error, "{Job} failed")]
    public static partial void JobFailed(ILogger log, string job, Exception error);

    [LoggerMessage(4, LogLevel.Information, "Listening at {Urls}")]
    public static partial void Listening(ILogger log, string urls);

    [LoggerMessage(5, LogLevel.Information, "Ready: {Entities} entities, index {Folder} ({Origin}), {Seconds:F1} s")]
    public static partial void Ready(ILogger log, int entities, string folder, string origin, double seconds);

    [LoggerMessage(9, LogLevel.Information, "Loaded: {Model} answers chats and embeddings, {Seconds:F1} s; the index follows")]
    public static partial void Loaded(ILogger log, string model, double seconds);

    [LoggerMessage(6, LogLevel.Information, "Stopping: no new requests, {Seconds:F0} s for those under way")]
    public static partial void Stopping(ILogger log, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "{Note}")]
    public static partial void Note(ILogger log, string note);

    [LoggerMessage(8, LogLevel.Information, "{Stage} {Done}/{Total}")]
    public static partial void Progress(ILogger log, string stage, int done, int total);
}
