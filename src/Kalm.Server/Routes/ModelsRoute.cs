using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>The names of the model that is served.</summary>
internal sealed record ModelsResponse(string Object, IReadOnlyList<ModelAnswer> Data);

/// <summary>A model.</summary>
/// <param name="Id">The name.</param>
/// <param name="Object">model.</param>
/// <param name="Created">When the server started, in seconds since 1970.</param>
/// <param name="OwnedBy">kalm.</param>
/// <param name="Root">The name that answers bear.</param>
/// <param name="MaxModelLen">Tokens that its context holds.</param>
/// <param name="EmbeddingLength">Numbers of a vector.</param>
internal sealed record ModelAnswer(
    string Id, string Object, long Created, string OwnedBy, string Root, int MaxModelLen, int EmbeddingLength);

/// <summary><c>/v1/models</c>.</summary>
internal sealed class ModelsRoute(ModelHost host, ServerOptions options)
{
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Lists its names.</summary>
    public Task List(HttpContext context) =>
        Wire.Write(context, new ModelsResponse("list", [.. options.Names.Select(name => Of(name))]));

    /// <summary>Tells of one name, which may hold slashes, in the path as they are or escaped.</summary>
    public Task Find(HttpContext context)
    {
        var name = Uri.UnescapeDataString((string)context.Request.RouteValues["id"]!);
        Checks.Model(name, options);
        return Wire.Write(context, Of(name));
    }

    private ModelAnswer Of(string name)
    {
        var served = host.Served;
        return new ModelAnswer(
            name, "model", created, "kalm", options.ModelName, served.Model.Model.Config.ContextLength, served.Width);
    }
}
