using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.Net.Http.Headers;

namespace Kalm.Server.Http;

/// <summary>Describes the routes as OpenAPI 3.1, made from the table that the server itself is made of.</summary>
internal static partial class OpenApiDocument
{
    private const string Schemas = "#/components/schemas/";
    private const string Json = "application/json";
    private const string EventStream = "text/event-stream";
    private const string Reference = "$ref";

    private static readonly (int Status, string Summary)[] Faults =
    [
        (400, "a field is not what was expected: param names it"), (401, "the key is missing or another"),
        (404, "there is no such thing"), (408, "the body took too long to come"), (412, "the entity is no longer what If-Match names"),
        (413, "the body is too large"), (415, "the body is not JSON"), (429, "too many requests wait: try again after Retry-After"),
        (503, "the model is being loaded (not_ready) or its index made (index_not_ready): try again after Retry-After"),
    ];

    /// <summary>The document.</summary>
    public static JsonObject Of(IReadOnlyList<Route> routes, bool hasKey)
    {
        var paths = new JsonObject();
        foreach (var group in routes.GroupBy(route => PathOf(route)))
            paths[group.Key] = new JsonObject(
                group.Select(route => KeyValuePair.Create<string, JsonNode?>(route.Method.ToLowerInvariant(), Operation(route, hasKey))));
        var asked = routes.Select(route => route.Request).OfType<Type>();
        var answered = routes.SelectMany(route => new[] { route.Response, route.Event }).OfType<Type>().Append(typeof(ErrorBody));
        var components = new JsonObject
        {
            ["schemas"] = SchemasOf([.. asked.Select(type => (type, true)), .. answered.Select(type => (type, false))]),
        };
        if (hasKey)
            components["securitySchemes"] = new JsonObject
            {
                ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
            };
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Kalm", ["version"] = typeof(OpenApiDocument).Assembly.GetName().Version?.ToString(3) },
            ["paths"] = paths,
            ["components"] = components,
        };
    }

    /// <summary>The path as the document spells it.</summary>
    public static string PathOf(Route route) => route.Path.Replace("{**", "{", StringComparison.Ordinal);

    private static JsonObject Operation(Route route, bool hasKey)
    {
        var operation = new JsonObject
        {
            ["operationId"] = Id(route),
            ["summary"] = route.Summary,
            ["parameters"] = new JsonArray([
                .. Parameter().Matches(PathOf(route)).Select(match => Described(match.Groups[1].Value, "path", true, "string", null)),
                .. route.Query.Select(query =>
                    Described(query.Name, "query", false, query.IsNumber ? "integer" : "string", query.Summary)),
                .. route.Headers.Select(header => Described(header.Name, "header", false, "string", header.Summary)),
            ]),
            ["responses"] = Responses(route, hasKey),
        };
        if (route.Request is not null)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(route.Request, null) };
        if (hasKey && !route.IsPublic)
            operation["security"] = new JsonArray(new JsonObject { ["key"] = new JsonArray() });
        return operation;
    }

    private static JsonObject Responses(Route route, bool hasKey)
    {
        var answer = new JsonObject { ["description"] = "the answer" };
        if (route.Response is not null)
            answer["content"] = Content(route.Response, route.Event);
        else if (route.MediaType is not null)
            answer["content"] = new JsonObject
            {
                [route.MediaType] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } },
            };
        var responses = new JsonObject { [$"{route.Status}"] = answer };
        foreach (var (status, summary) in Faults)
            if (status switch
            {
                400 => route.Request is not null || route.Query.Count > 0,
                408 or 413 or 415 => route.Request is not null,
                412 => route.Headers.Any(header => header.Name == HeaderNames.IfMatch),
                401 => hasKey && !route.IsPublic,
                _ => !route.IsAlwaysOpen,
            })
                responses[$"{status}"] = Fault(summary);
        responses["default"] = Fault("an error");
        return responses;
    }

    private static JsonObject Fault(string summary) =>
        new() { ["description"] = summary, ["content"] = Content(typeof(ErrorBody), null) };

    // getV1EntitiesById: what generated clients call the method.
    private static string Id(Route route) => route.Method.ToLowerInvariant() + string.Concat(Parts().Matches(PathOf(route)).Select(
        match => (match.Groups[1].Success ? "By" : "")
            + string.Concat(match.Groups[2].Value[..1].ToUpper(CultureInfo.InvariantCulture), match.Groups[2].Value[1..])));

    private static JsonObject Described(string name, string place, bool isRequired, string type, string? summary) => new()
    {
        ["name"] = name, ["in"] = place, ["required"] = isRequired,
        ["description"] = summary ?? name, ["schema"] = new JsonObject { ["type"] = type },
    };

    private static JsonObject Content(Type type, Type? streamed)
    {
        var content = new JsonObject { [Json] = Referring(type) };
        if (streamed is not null)
            content[EventStream] = Referring(streamed);
        return content;
    }

    private static JsonObject Referring(Type type) => new() { ["schema"] = new JsonObject { [Reference] = Schemas + type.Name } };

    // Each record has a schema of its own name, whatever others hold it.
    private static JsonObject SchemasOf(IEnumerable<(Type Type, bool IsAsked)> roots)
    {
        var schemas = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var waiting = new Queue<(Type Type, bool IsAsked)>(roots);
        while (waiting.TryDequeue(out var next))
            if (!schemas.ContainsKey(next.Type.Name))
                schemas.Add(next.Type.Name, Wire.Options.GetJsonSchemaAsNode(
                    next.Type, Exporting(next.IsAsked, held => waiting.Enqueue((held, next.IsAsked)))));
        return new JsonObject(schemas);
    }

    // A request needs few of its fields; an answer has all but those that are left out where they say nothing.
    private static JsonSchemaExporterOptions Exporting(bool isAsked, Action<Type> hold) => new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = (context, schema) =>
        {
            var type = context.TypeInfo;
            if (type.Kind != JsonTypeInfoKind.Object || type.Type.Assembly != typeof(OpenApiDocument).Assembly)
                return schema;
            if (!context.Path.IsEmpty)
            {
                hold(type.Type);
                var own = new JsonObject { [Reference] = Schemas + type.Type.Name };
                return context.PropertyInfo is { IsGetNullable: true } or { IsSetNullable: true }
                    ? new JsonObject { ["anyOf"] = new JsonArray(own, new JsonObject { ["type"] = "null" }) } : own;
            }
            var fields = (JsonObject)schema;
            fields.Remove("required");
            JsonNode?[] required = [.. type.Properties.Where(field => !field.IsExtensionData && field.AttributeProvider is { } marks
                && (isAsked ? marks.IsDefined(typeof(RequiredAttribute), true) : !marks.IsDefined(typeof(JsonIgnoreAttribute), true)))
                .Select(field => (JsonNode)field.Name)];
            if (required.Length > 0)
                fields["required"] = new JsonArray(required);
            return fields;
        },
    };

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"(\{)?(\w+)")]
    private static partial Regex Parts();
}
