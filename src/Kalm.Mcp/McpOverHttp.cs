using Kalm.Server;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Kalm.Mcp;

/// <summary>The protocol at <c>/mcp</c> of a server, behind the same key.</summary>
public static class McpOverHttp
{
    /// <summary>A server that speaks it beside its routes.</summary>
    /// <param name="options">What is served, and where.</param>
    /// <param name="isWriting">Whether tools that change what is kept are offered.</param>
    public static KalmServer Server(ServerOptions options, bool isWriting) => new(options, new HttpProtocol(options, isWriting));
}

/// <summary>The protocol by streamable HTTP. Clients that begin with a handshake have a session, so that they can cancel a call; the
/// others none.</summary>
/// <param name="options">What is served.</param>
/// <param name="isWriting">Whether tools that change what is kept are offered.</param>
internal sealed class HttpProtocol(ServerOptions options, bool isWriting) : AddedProtocol
{
    /// <summary>Where it is spoken.</summary>
    public const string Path = "/mcp";

    private const int MostIdleSessions = 1000;
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(30);
    private static readonly object Ending = new();
    private ModelHost? host;

    /// <inheritdoc/>
    public override void Register(IServiceCollection services)
    {
        services.AddMcpServer().WithHttpTransport(http =>
        {
            http.SessionMode = HttpServerSessionMode.StatefulForInitializeClients;
#pragma warning disable MCP9006 // Only within a session can clients of the earlier versions cancel a call.
            http.IdleTimeout = IdleTime;
            http.MaxIdleSessionCount = MostIdleSessions;
#pragma warning restore MCP9006
        });
        services.AddHttpContextAccessor();
        services.AddOptions<McpServerOptions>().Configure<ILoggerFactory, IHttpContextAccessor>((protocol, logs, contexts) =>
        {
            GraphProtocol.Offer(protocol, host!, options, isWriting, TimeSpan.Zero, logs.CreateLogger("Kalm.Mcp"));
            protocol.Filters.Message.IncomingFilters.Add(next => (message, cancellation) =>
                Cancelling(next, message, contexts.HttpContext, cancellation));
        });
    }

    /// <inheritdoc/>
    public override void Map(WebApplication application, ModelHost host)
    {
        this.host = host;
        application.Use((context, next) =>
        {
            if (!context.Request.Path.StartsWithSegments(Path))
                return next(context);
            RequireOrigin(context.Request);
            return Endable(context, next);
        });
        application.MapMcp(Path);
    }

    // What is cancelled is not answered: the request that carried it would wait for the answer as long as the session lasts.
    private static async Task Endable(HttpContext context, RequestDelegate next)
    {
        var left = context.RequestAborted;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(left);
        (context.Items[Ending], context.RequestAborted) = (ending, ending.Token);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !left.IsCancellationRequested)
        {
            // Its stream ends without an answer.
        }
        finally
        {
            (context.Items[Ending], context.RequestAborted) = (null, left);
        }
    }

    // Nor is it done for one who has left: answers are not kept for those who come back.
    private static async Task Cancelling(
        McpMessageHandler next, MessageContext message, HttpContext? carrier, CancellationToken cancellation)
    {
        if (message.JsonRpcMessage is not JsonRpcRequest || carrier?.Items[Ending] is not CancellationTokenSource ending)
        {
            await next(message, cancellation);
            return;
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ending.Token);
        try
        {
            await next(message, either.Token);
        }
        catch (OperationCanceledException)
        {
            await ending.CancelAsync();
            throw;
        }
    }

    // A page of anywhere can give its name our address (DNS rebinding); its origin tells.
    private void RequireOrigin(HttpRequest request)
    {
        if (request.Headers.Origin.ToString() is { Length: > 0 } origin && !options.Origins.Contains("*")
            && !options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase)
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.IsLoopback))
            throw new ApiException(
                403, "invalid_request_error", $"found the origin '{origin}'; expected one of this machine, or of serve --cors", "Origin",
                "origin_not_allowed");
    }
}
