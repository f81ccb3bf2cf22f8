using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace Kalm.Server.Http;

/// <summary>What stands around every request: the key, readiness, errors of one shape, log and metrics.</summary>
/// <param name="gate">The key; null lets everyone in.</param>
/// <param name="host">Knows whether the model is ready.</param>
/// <param name="metrics">Counts.</param>
/// <param name="log">Takes a line a request.</param>
internal sealed class Requests(ApiKeyGate? gate, ModelHost host, ServerMetrics metrics, ILogger log)
{
    // What nginx writes for a client that left.
    private const int ClientLeft = 499;
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

    /// <summary>Answers a request of a route; null when no route fits.</summary>
    public async Task Run(HttpContext context, Route? route, Func<Task> answer)
    {
        var started = Stopwatch.GetTimestamp();
        var status = 0;
        try
        {
            if (route?.IsPublic != true)
                gate?.Require(context);
            if (route is { IsAlwaysOpen: false })
                host.RequireLoaded();
            route?.RequireKnown(context.Request.Query);
            await answer();
            status = context.Response.StatusCode;
            if (status >= 400 && !context.Response.HasStarted)
                throw Unanswered(context);
        }
#pragma warning disable CA1031 // The policy for every kind of failure stands in one place.
        catch (Exception error)
#pragma warning restore CA1031
        {
            status = await Tell(context, error);
        }
        finally
        {
            var elapsed = Stopwatch.GetElapsedTime(started);
            var path = route?.Path ?? (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimEnd('/') ?? "unknown";
            metrics.Answered(MethodOf(context), path, status, elapsed);
            ServerLog.Answered(log, context.Request.Method, path, status, elapsed.TotalMilliseconds);
        }
    }

    private async Task<int> Tell(HttpContext context, Exception error)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return ClientLeft;
        var told = error switch
        {
            BadHttpRequestException bad => new ApiException(
                bad.StatusCode, "invalid_request_error", bad.Message, null,
                bad.StatusCode switch { 413 => "body_too_large", 408 => "body_too_slow", _ => "bad_request" }),
            _ => ApiException.Of(error),
        };
        if (told.Status == 500)
            ServerLog.RequestFailed(log, context.Request.Method, context.Request.Path, error);
        if (context.Response.HasStarted)
            context.Abort();   // all that can still be said
        else
            await Wire.Write(context, told);
        return told.Status;
    }

    private static ApiException NotAllowed(HttpContext context)
    {
        if (context.Response.Headers.Allow.ToString().Contains(HttpMethods.Get, StringComparison.Ordinal))
            context.Response.Headers.Append(HeaderNames.Allow, HttpMethods.Head);
        return new ApiException(
            405, "invalid_request_error", $"{context.Request.Method} is not a method of {context.Request.Path}; expected "
                + string.Join(", ", context.Response.Headers.Allow.AsEnumerable()), null, "method_not_allowed");
    }

    // Whatever a client sends as a method, the counts of it must not grow without bound.
    private static string MethodOf(HttpContext context) =>
        Methods.FirstOrDefault(method => method == context.Request.Method) ?? "other";

    private static ApiException Unanswered(HttpContext context) => context.Response.StatusCode switch
    {
        404 => ApiException.Missing(null, $"there is no route {context.Request.Path}; /openapi.json lists them"),
        405 => NotAllowed(context),
        var status => new ApiException(status, "invalid_request_error", "the request was refused", null, "bad_request"),
    };
}
