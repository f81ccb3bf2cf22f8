using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/metrics</c>: what the server counts, for Prometheus.</summary>
internal sealed class MetricsRoute(ServerMetrics metrics)
{
    /// <summary>Answers.</summary>
    public Task Answer(HttpContext context)
    {
        context.Response.ContentType = PrometheusText.ContentType;
        return context.Response.WriteAsync(metrics.Text.Write(), context.RequestAborted);
    }
}
