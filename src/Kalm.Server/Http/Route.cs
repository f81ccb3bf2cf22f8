using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Http;

/// <summary>One route of the server.</summary>
/// <param name="Method">GET, POST, PUT or DELETE.</param>
/// <param name="Path">The path, parameters in braces; one behind two stars takes the rest of the path.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Answer">Answers a request.</param>
internal sealed record Route(string Method, string Path, string Summary, Func<HttpContext, Task> Answer)
{
    /// <summary>What the body of a request holds; null for none.</summary>
    public Type? Request { get; init; }

    /// <summary>What the body of an answer holds; null when it is not JSON.</summary>
    public Type? Response { get; init; }

    /// <summary>Of what type the body of an answer is that is not JSON; null where it is, and where there is none.</summary>
    public string? MediaType { get; init; }

    /// <summary>What each event of an answer holds that is streamed as server-sent events; null where none is.</summary>
    public Type? Event { get; init; }

    /// <summary>The parameters of the query string.</summary>
    public IReadOnlyList<RouteParameter> Query { get; init; } = [];

    /// <summary>The headers that it reads.</summary>
    public IReadOnlyList<RouteParameter> Headers { get; init; } = [];

    /// <summary>The status of an answer.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>Whether it answers before the model is ready.</summary>
    public bool IsAlwaysOpen { get; init; }

    /// <summary>Whether it answers without a key.</summary>
    public bool IsPublic { get; init; }

    /// <summary>Refuses parameters that a route with a query string does not know. Where there are none, those are passed over that
    /// clients add to all addresses.</summary>
    /// <exception cref="ApiException">There is one.</exception>
    public void RequireKnown(IQueryCollection query)
    {
        if (Query.Count > 0 && query.Keys.FirstOrDefault(name => Query.All(known => known.Name != name)) is { } other)
            throw ApiException.Bad(other, $"found the parameter '{other}', which is not known here; expected only "
                + string.Join(", ", Query.Select(known => known.Name)), "unknown_field");
    }
}

/// <summary>A parameter of a query string, or a header.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it says.</param>
/// <param name="IsNumber">Whether it is a whole number.</param>
internal sealed record RouteParameter(string Name, string Summary, bool IsNumber = false);
