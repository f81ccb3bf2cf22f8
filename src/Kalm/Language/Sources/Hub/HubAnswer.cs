using System.Net;
using System.Net.Http.Headers;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>What the hub's refusals mean to the user.</summary>
internal static class HubAnswer
{
    private const string Disabled = "Access to this resource is disabled.";

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>The failure that a response stands for.</summary>
    /// <param name="response">A response that is no success.</param>
    /// <param name="id">The model.</param>
    /// <param name="settings">The endpoint, and whether a token was sent.</param>
    /// <param name="file">The file that was asked for, or null when it was the model.</param>
    public static HubFailure Failure(HttpResponseMessage response, HubModelId id, HubSettings settings, string? file)
    {
        var code = Header(response, "X-Error-Code");
        var said = Header(response, "X-Error-Message") is { } text ? FileFault.Plain(text) : null;
        var page = $"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{id.Repository}";
        return (code, response.StatusCode) switch
        {
            ("GatedRepo", _) => Refused(Gated(id, page, settings)),
            ("RevisionNotFound", _) => new HubFailure(
                $"{id.Repository}: no revision {FileFault.Quote(id.Revision)}; expected a branch, a tag or a commit\nsee {page}/tree/main"),
            ("EntryNotFound", _) => new HubFailure($"{id.Repository}@{id.Revision}: no file {FileFault.Quote(file ?? "")}"),
            (_, HttpStatusCode.Forbidden or HttpStatusCode.UnavailableForLegalReasons) when said == Disabled => Refused(
                $"{id.Repository}: the hub has disabled this model; see {page}"),
            ("RepoNotFound", _) or (null, HttpStatusCode.NotFound) => Refused(Unknown(id, settings)),
            (_, HttpStatusCode.Unauthorized) => Refused(
                said?.Contains("credential", StringComparison.OrdinalIgnoreCase) == true && settings.Token is not null
                    ? $"{settings.Endpoint.Host} refuses the access token: {said}\nset HF_TOKEN to a valid one, or none for public models"
                    : Unknown(id, settings)),
            (_, HttpStatusCode.Forbidden) => Refused($"{id.Repository}: access refused{Said(said)}\n"
                + $"set HF_TOKEN to a token that may read this model ({settings.Endpoint.AbsoluteUri.TrimEnd('/')}/settings/tokens)"),
            _ => Other(response, id, file, said),
        };
    }

    /// <summary>A header's first value, or null.</summary>
    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static HubFailure Refused(string message) => new(message) { AllowsCache = true };

    private static string Gated(HubModelId id, string page, HubSettings settings) => settings.Token is null
        ? $"{id.Repository}: a gated model\naccept its terms at {page}, then set HF_TOKEN to a token of your account"
        : $"{id.Repository}: a gated model, and the account of HF_TOKEN has no access\naccept its terms, or await approval, at {page}";

    private static string Unknown(HubModelId id, HubSettings settings) =>
        $"{id.Repository}: no such model at {settings.Endpoint.Host}"
        + (settings.Token is null ? ", or a private one: then set HF_TOKEN" : ", or a private one that the token may not read")
        + $"\ncheck the spelling; a folder of that name would be given as ./{id.Repository}";

    private static HubFailure Other(HttpResponseMessage response, HubModelId id, string? file, string? said)
    {
        var status = (int)response.StatusCode;
        var isTransient = status is 408 or 425 or 429 or >= 500;
        var what = file is null ? id.Repository : $"{id.Repository}: {FileFault.Plain(file)}";
        var host = response.RequestMessage?.RequestUri?.Host;
        return new HubFailure($"{what}: {host} answered {status} {FileFault.Plain(response.ReasonPhrase ?? "")}{Said(said)}"
            + (status == 429 && said is null ? "; too many requests from here, which HF_TOKEN may mend" : ""))
        {
            IsTransient = isTransient, AllowsCache = isTransient, RetryAfter = isTransient ? Wait(response.Headers.RetryAfter) : null,
        };
    }

    private static TimeSpan? Wait(RetryConditionHeaderValue? header) =>
        (header?.Delta ?? (header?.Date - DateTimeOffset.UtcNow)) is not { } wait ? null
            : TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, LongestWait.Ticks));

    private static string Said(string? said) => said is null ? "" : $": {said}";
}
