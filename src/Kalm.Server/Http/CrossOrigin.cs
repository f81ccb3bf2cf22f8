using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Kalm.Server.Http;

/// <summary>Lets pages of other origins read answers, as browsers ask for it (CORS, in the Fetch standard). A browser asks before it
/// sends a key, so that question is answered without one.</summary>
/// <param name="origins">The origins; <c>*</c> for all.</param>
internal sealed class CrossOrigin(IReadOnlyList<string> origins)
{
    private const string All = "*";
    private const string Exposed = "ETag, Location, Retry-After, WWW-Authenticate";
    private const string Methods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
    private const string PrivateNetwork = "Access-Control-Request-Private-Network";
    private const string PrivateNetworkAllowed = "Access-Control-Allow-Private-Network";
    private const string KeptSeconds = "7200";

    /// <summary>Says of an answer who may read it; answers the question whether a request may be sent at all.</summary>
    /// <returns>Whether that was the question; nothing else is to be said then.</returns>
    public bool Answer(HttpContext context)
    {
        var (request, headers) = (context.Request.Headers, context.Response.Headers);
        if (origins.Count == 0)
            return false;
        headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        if (request.Origin.ToString() is not { Length: > 0 } origin || !IsLetIn(origin))
            return false;
        headers.AccessControlAllowOrigin = origins.Contains(All) ? All : origin;
        if (!HttpMethods.IsOptions(context.Request.Method) || request.AccessControlRequestMethod.Count == 0)
        {
            headers.AccessControlExposeHeaders = Exposed;
            return false;
        }
        headers.AccessControlAllowMethods = Methods;
        // The star would not stand for Authorization; what is asked for is allowed by its names.
        if (request.AccessControlRequestHeaders is { Count: > 0 } asked)
            headers.AccessControlAllowHeaders = asked;
        headers.AccessControlMaxAge = KeptSeconds;
        if (request[PrivateNetwork] == "true")
            headers[PrivateNetworkAllowed] = "true";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    private bool IsLetIn(string origin) => origins.Contains(All) || origins.Contains(origin, StringComparer.OrdinalIgnoreCase);
}
