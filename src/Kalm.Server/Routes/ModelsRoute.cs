using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>The models served, which is one.</summary>
internal sealed record ModelsResponse(string Object, IReadOnlyList<ModelAnswer> Data);

/// <summary>A model.</summary>
internal sealed record ModelAnswer(string Id, string Object, long Created, string OwnedBy);

/// <summary><c>/v1/models</c>.</summary>
internal sealed class ModelsRoute(ServerOptions options)
{
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Answers.</summary>
    public Task Answer(HttpContext context) =>
        Wire.Write(context, new ModelsResponse("list", [new ModelAnswer(options.ModelName, "model", created, "kalm")]));
}
