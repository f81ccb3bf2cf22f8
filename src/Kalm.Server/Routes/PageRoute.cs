using System.Collections.Frozen;
using System.Security.Cryptography;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Kalm.Server.Routes;

/// <summary>The page and its parts, which lie in the assembly (folder <c>Page</c>). They hold no data: what the page shows it asks of the
/// other routes.</summary>
internal sealed class PageRoute
{
    private const string Folder = "page/";
    private const string Start = "index.html";

    // Nothing from elsewhere, no script or style within the page, and no text that becomes markup.
    private const string Policy =
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for "
            + "'script'; trusted-types 'none'";

    private static readonly FrozenDictionary<string, Part> Parts = typeof(PageRoute).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Folder.Length..], Read, StringComparer.Ordinal);

    /// <summary>Answers.</summary>
    public static Task Answer(HttpContext context)
    {
        var name = context.Request.RouteValues["part"] as string ?? Start;
        if (!Parts.TryGetValue(name, out var part))
            throw ApiException.Missing(null, $"the page has no part '{name}'");
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        // A browser asks each time whether its copy is still the one that fits this server.
        headers.CacheControl = "no-cache";
        return Results.Bytes(part.Bytes, part.Type, entityTag: part.Tag).ExecuteAsync(context);
    }

    private static Part Read(string resource)
    {
        using var stream = typeof(PageRoute).Assembly.GetManifestResourceStream(resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var type = Path.GetExtension(resource) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        return new Part(bytes, type, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\""));
    }

    private sealed record Part(byte[] Bytes, string Type, EntityTagHeaderValue Tag);
}
