using System.Text;
using System.Text.Json;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>An answer as server-sent events.</summary>
internal sealed class EventStream
{
    private static readonly byte[] Start = Encoding.UTF8.GetBytes("data: ");
    private static readonly byte[] End = Encoding.UTF8.GetBytes("\n\n");
    private readonly HttpContext context;

    /// <summary>Begins; from now on the status is said.</summary>
    public EventStream(HttpContext context)
    {
        this.context = context;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
    }

    /// <summary>Sends a piece.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="name">What the event is called; null for no name.</param>
    public Task Send<T>(T piece, string? name = null) => Send(JsonSerializer.SerializeToUtf8Bytes(piece, Wire.Options), name);

    /// <summary>Says that no more will come.</summary>
    public Task Finish() => Send("[DONE]"u8.ToArray(), null);

    private async Task Send(byte[] data, string? name)
    {
        var title = name is null ? [] : Encoding.UTF8.GetBytes($"event: {name}\n");
        await context.Response.Body.WriteAsync((byte[])[.. title, .. Start, .. data, .. End], context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
