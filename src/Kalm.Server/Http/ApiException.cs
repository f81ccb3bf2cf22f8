using Kalm.Extensions;

namespace Kalm.Server.Http;

/// <summary>A request that is answered with an error, in the shape that OpenAI's clients know.</summary>
internal sealed class ApiException(int status, string type, string message, string? param, string? code) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>What kind of error it is.</summary>
    public string Type => type;

    /// <summary>The field at fault.</summary>
    public string? Param => param;

    /// <summary>A word for programs.</summary>
    public string? Code => code;

    /// <summary>When to try again, in seconds.</summary>
    public int? RetryAfter { get; private init; }

    /// <summary>400: a field is not what was expected.</summary>
    public static ApiException Bad(string? param, string message, string code = "invalid_value") =>
        new(400, "invalid_request_error", message, param, code);

    /// <summary>404: there is no such thing.</summary>
    public static ApiException Missing(string? param, string message, string code = "not_found") =>
        new(404, "invalid_request_error", message, param, code);

    /// <summary>409: what is there stands against it.</summary>
    public static ApiException Conflict(string? param, string message, string code = "conflict") =>
        new(409, "invalid_request_error", message, param, code);

    /// <summary>429: try again soon.</summary>
    public static ApiException Busy(string message) => new(429, "rate_limit_error", message, null, "too_many_requests") { RetryAfter = 1 };

    /// <summary>503: not ready yet, or no longer.</summary>
    public static ApiException NotReady(string message) =>
        new(503, "service_unavailable_error", message, null, "not_ready") { RetryAfter = 2 };

    /// <summary>503: the model answers, but what is asked for needs the index of entities.</summary>
    public static ApiException IndexNotReady() =>
        new(503, "service_unavailable_error", "the index of entities is being made; chats and embeddings are answered already", null,
            "index_not_ready") { RetryAfter = 5 };

    /// <summary>What is told of a failure; whatever nobody foresaw is a 500 that tells nothing of it.</summary>
    public static ApiException Of(Exception error) => error switch
    {
        ApiException api => api,
        ModelUnavailableException unavailable => unavailable.IsBusy ? Busy(unavailable.Message) : NotReady(unavailable.Message),
        OperationCanceledException => NotReady("the server is stopping"),
        _ => new ApiException(500, "server_error", "the server failed; its log says more", null, "internal_error"),
    };

    /// <summary>Runs what may find fault with a field.</summary>
    public static T Checking<T>(string param, Func<T> check)
    {
        try
        {
            return check();
        }
        catch (KalmException error)
        {
            throw Bad(param, error.Message);
        }
    }
}
