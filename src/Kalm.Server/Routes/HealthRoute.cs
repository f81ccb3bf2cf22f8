using Kalm.Completion;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>How the server is.</summary>
/// <param name="Status">loading until the model is loaded, indexing while it answers chats and embeddings only, then ready.</param>
/// <param name="Stage">What is being done until it is ready.</param>
/// <param name="Done">How much of it.</param>
/// <param name="Total">Of how much.</param>
/// <param name="Model">The model's name.</param>
/// <param name="ModelReady">Whether what needs nothing but the model is answered.</param>
/// <param name="IndexReady">Whether what needs the index is answered too.</param>
/// <param name="Entities">The number of entities, once it is ready.</param>
/// <param name="Calibration">How probabilities are made, once it is ready.</param>
/// <param name="Error">Why requests are refused, while they are.</param>
internal sealed record HealthResponse(
    string Status, string? Stage, int? Done, int? Total, string Model, bool ModelReady, bool IndexReady, int? Entities,
    Calibration? Calibration, ErrorDetail? Error);

/// <summary><c>/health</c>.</summary>
internal sealed class HealthRoute(ModelHost host, ServerOptions options)
{
    /// <summary>Answers: 200 when all requests are answered, 503 until then.</summary>
    public async Task Answer(HttpContext context)
    {
        if (host.IsReady)
        {
            var served = host.Served;
            await Wire.Write(context, new HealthResponse(
                "ready", null, null, null, options.ModelName, true, true, served.Catalog.Count, served.Index.Calibration, null));
            return;
        }
        var (isLoaded, (stage, done, total)) = (host.IsLoaded, host.Progress);
        var fault = isLoaded ? ApiException.IndexNotReady() : ApiException.NotReady("the model is being made ready");
        context.Response.Headers.RetryAfter = $"{fault.RetryAfter}";
        await Wire.Write(context, new HealthResponse(
            isLoaded ? "indexing" : "loading", stage, done, total, options.ModelName, isLoaded, false, null, null,
            ErrorBody.Of(fault).Error), StatusCodes.Status503ServiceUnavailable);
    }
}
