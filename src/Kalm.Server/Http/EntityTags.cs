using System.Security.Cryptography;
using System.Text.Json;
using Kalm.Completion;
using Kalm.Graph;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Kalm.Server.Http;

/// <summary>The ETags of entities: a hash of what a client can write of one, a dot, and what all that is told beside it depends on, the
/// index and the last change of the log. <c>If-Match</c> looks at the first part alone, <c>If-None-Match</c> at both.</summary>
internal static class EntityTags
{
    private const int HashLength = 16;

    /// <summary>The tag of an entity, in quotes.</summary>
    public static string Of(ServedModel served, Catalog catalog, Entity entity) =>
        $"\"{ContentOf(entity)}.{Path.GetFileName(served.Index.Folder)}-{catalog.Number}\"";

    /// <summary>Whether the client has what it asks for already.</summary>
    public static bool IsKnown(HttpContext context, string tag) =>
        Listed(context, HeaderNames.IfNoneMatch)?.Any(listed => listed.Equals(EntityTagHeaderValue.Any) || listed.Tag == tag) == true;

    /// <summary>What the client says the entity must be, as a check of what it is.</summary>
    /// <exception cref="ApiException">400: the header is none.</exception>
    public static Action<Entity?> Required(HttpContext context)
    {
        var listed = Listed(context, HeaderNames.IfMatch);
        return entity =>
        {
            if (listed is not null && (entity is null || !listed.Any(tag => tag.Equals(EntityTagHeaderValue.Any)
                || (!tag.IsWeak && tag.Tag.ToString().Trim('"').Split('.')[0] == ContentOf(entity)))))
                throw new ApiException(
                    412, "invalid_request_error", "the entity is no longer what If-Match names; expected the ETag that GET tells now",
                    HeaderNames.IfMatch, "precondition_failed");
        };
    }

    private static string ContentOf(Entity entity) => Convert.ToHexStringLower(SHA256.HashData(
        JsonSerializer.SerializeToUtf8Bytes(new[] { entity.Id, entity.Name, entity.Description })))[..HashLength];

    private static IList<EntityTagHeaderValue>? Listed(HttpContext context, string header)
    {
        var values = context.Request.Headers[header];
        if (values.Count == 0)
            return null;
        return EntityTagHeaderValue.TryParseStrictList([.. values.Select(value => value ?? "")], out var tags) ? tags
            : throw ApiException.Bad(header, $"found '{values}'; expected ETags in quotes, or *");
    }
}
