using Kalm.Completion;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>How the server is.</summary>
/// <param name="Status">ready, or loading.</param>
/// <param name="Stage">What is being done while it loads.</param>
/// <param name="Done">How much of it.</param>
/// <param name="Total">Of how much.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Entities">The number of entities, once it is ready.</param>
/// <param name="Calibration">How probabilities are made, once it is ready.</param>
/// <param name="Error">Why requests are refused, while they are.</param>
internal sealed record HealthResponse(
    string Status, string? Stage, int? Done, int? Total, string Model, int? Entities, Calibration? Calibration, ErrorDetail? Error);

/// <summary><c>/health</c>.</summary>
internal sealed class HealthRoute(ModelHost host, ServerOptions options)
{
    /// <summary>Answers: 200 when requests are answered, 503 until then.</summary>
    public async Task Answer(HttpContext context)
    {
        if (host.IsReady)
        {
            var served = host.Served;
            await Wire.Write(context,
                new HealthResponse("ready", null, null, null, options.ModelName, served.Catalog.Count, served.Index.Calibration, null));
            return;
        }
        var (stage, done, total) = host.Progress;
        var error = ErrorBody.Of(ApiException.NotReady("the model is being made ready")).Error;
        context.Response.Headers.RetryAfter = "2";
        await Wire.Write(context, new HealthResponse("loading", stage, done, total, options.ModelName, null, null, error),
            StatusCodes.Status503ServiceUnavailable);
    }
}
