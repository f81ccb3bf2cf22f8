using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;

namespace Kalm.Server.Http;

/// <summary>Describes the routes as OpenAPI 3.1, made from the table that the server itself is made of.</summary>
internal static partial class OpenApiDocument
{
    private static readonly JsonSchemaExporterOptions Schemas = new() { TreatNullObliviousAsNonNullable = true };

    /// <summary>The document.</summary>
    public static JsonObject Of(IReadOnlyList<Route> routes, bool hasKey)
    {
        var paths = new JsonObject();
        foreach (var group in routes.GroupBy(route => route.Path))
            paths[group.Key] = new JsonObject(
                group.Select(route => KeyValuePair.Create<string, JsonNode?>(route.Method.ToLowerInvariant(), Operation(route, hasKey))));
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Kalm", ["version"] = typeof(OpenApiDocument).Assembly.GetName().Version?.ToString(3) },
            ["paths"] = paths,
        };
        if (hasKey)
            document["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            };
        return document;
    }

    private static JsonObject Operation(Route route, bool hasKey)
    {
        var operation = new JsonObject
        {
            ["summary"] = route.Summary,
            ["parameters"] = new JsonArray([
                .. Parameter().Matches(route.Path).Select(match => Described(match.Groups[1].Value, "path", true, "string", null)),
                .. route.Query.Select(query =>
                    Described(query.Name, "query", false, query.IsNumber ? "integer" : "string", query.Summary)),
            ]),
            ["responses"] = new JsonObject
            {
                [$"{route.Status}"] = route.Response is null
                    ? new JsonObject { ["description"] = "the answer" }
                    : new JsonObject { ["description"] = "the answer", ["content"] = Content(route.Response) },
                ["default"] = new JsonObject { ["description"] = "an error", ["content"] = Content(typeof(ErrorBody)) },
            },
        };
        if (route.Request is not null)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(route.Request) };
        if (hasKey && !route.IsPublic)
            operation["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() });
        return operation;
    }

    private static JsonObject Described(string name, string place, bool isRequired, string type, string? summary) => new()
    {
        ["name"] = name, ["in"] = place, ["required"] = isRequired,
        ["description"] = summary ?? name, ["schema"] = new JsonObject { ["type"] = type },
    };

    private static JsonObject Content(Type type) => new()
    {
        ["application/json"] = new JsonObject { ["schema"] = Wire.Options.GetJsonSchemaAsNode(type, Schemas) },
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
