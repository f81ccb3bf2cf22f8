using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Kalm.Server.Http;

/// <summary>How bodies are spelled: snake case. Fields that a request's record does not know go into its extension data where it has
/// any.</summary>
internal static class Wire
{
    private static readonly ConcurrentDictionary<int, JsonSerializerOptions> OfDepth = [];
    private static readonly (string Type, string Words)[] Kinds =
    [
        ("List`1", "a list"), ("System.Double", "a number"), ("System.Int", "a whole number that is not too large"),
        ("System.Boolean", "true or false"), ("System.String", "a text"), ("", "an object"),
    ];

    private static readonly JsonSchemaExporterOptions Exporting = new() { TreatNullObliviousAsNonNullable = true };

    /// <summary>The shared options, with room for all that is answered.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions(0);

    /// <summary>The JSON Schema of what is read or written as a type.</summary>
    public static JsonNode SchemaOf(Type type) => Options.GetJsonSchemaAsNode(type, Exporting);

    /// <summary>Those of JSON within a text of a request.</summary>
    public static JsonSerializerOptions Quoted { get; } = MakeOptions(new ServerLimits().JsonDepth);

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="ApiException">It is not JSON, does not fit, or takes too long.</exception>
    public static async Task<T> Read<T>(HttpContext context) where T : class
    {
        var request = context.Request;
        if (!request.HasJsonContentType())
            throw new ApiException(
                415, "invalid_request_error", $"found the content type '{request.ContentType}'; expected application/json",
                null, "unsupported_media_type");
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding
            && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw new ApiException(
                415, "invalid_request_error", $"found the content encoding '{encoding}'; expected none: bodies are read as they are", null,
                "unsupported_media_type");
        var limits = context.RequestServices.GetRequiredService<ServerLimits>();
        var body = new BodyReader(request.BodyReader);
        await using var patience = new Timer(_ => body.CancelPendingRead(), null, limits.BodyTime, Timeout.InfiniteTimeSpan);
        try
        {
            var options = OfDepth.GetOrAdd(limits.JsonDepth, MakeOptions);
            var read = await JsonSerializer.DeserializeAsync<T>(body, options, context.RequestAborted)
                ?? throw ApiException.Bad(null, "found null; expected a JSON object", "invalid_json");
            (read as StrictRequest)?.RequireKnown();
            return read;
        }
        catch (JsonException error)
        {
            var place = error.Path is null or "$" ? null : error.Path.TrimStart('$', '.');
            // The types that a field could not be converted to are ours, not the client's.
            var fault = error.Message.Split(" Path:")[0];
            if (fault.Contains("could not be converted", StringComparison.Ordinal))
                fault = "found a value of another kind; expected "
                    + Array.Find(Kinds, kind => fault.Contains(kind.Type, StringComparison.Ordinal)).Words;
            throw ApiException.Bad(place, $"the body is not what was expected: {fault}", "invalid_json");
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // Whoever is so slow is not waited for again; later versions of the protocol have no such header.
            if (HttpProtocol.IsHttp11(request.Protocol))
                context.Response.Headers.Connection = "close";
            throw new ApiException(408, "invalid_request_error",
                $"the body did not come within {limits.BodyTime.TotalSeconds} s; expected it to", null, "body_too_slow");
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Bad(null, "the body is not what was expected: a text is not valid Unicode", "invalid_json");
        }
    }

    /// <summary>Writes an answer.</summary>
    public static async Task Write<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(value, Options, context.RequestAborted);
    }

    /// <summary>Writes an error.</summary>
    public static Task Write(HttpContext context, ApiException error)
    {
        if (error.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = $"{seconds}";
        return Write(context, ErrorBody.Of(error), error.Status);
    }

    private static JsonSerializerOptions MakeOptions(int deepest)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            MaxDepth = deepest,
            RespectRequiredConstructorParameters = false,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        if (deepest > 0)
            options.Converters.Add(new JsonElements());
        options.MakeReadOnly();
        return options;
    }
}

/// <summary>Every error's body.</summary>
internal sealed record ErrorBody(ErrorDetail Error)
{
    /// <summary>The body of an error.</summary>
    public static ErrorBody Of(ApiException error) => new(new ErrorDetail(error.Message, error.Type, error.Param, error.Code));
}

/// <summary>What went wrong.</summary>
/// <param name="Message">For people.</param>
/// <param name="Type">What kind of error it is.</param>
/// <param name="Param">The field at fault.</param>
/// <param name="Code">A word for programs.</param>
internal sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);
