using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>What one client may ask for.</summary>
/// <param name="Context">Tokens that the model's context holds: of a text to embed, or of a chat with its answer.</param>
/// <param name="BodyBytes">Bytes of a request's body.</param>
/// <param name="BodySeconds">How long it may take to come.</param>
/// <param name="JsonDepth">How deep its JSON may be nested.</param>
/// <param name="TextCharacters">Characters of one text, or of all messages of a chat together.</param>
/// <param name="EntityCharacters">Characters of an entity's text.</param>
/// <param name="Inputs">Texts of one request for vectors or scores.</param>
/// <param name="Messages">Messages of a chat.</param>
/// <param name="NewTokens">Tokens that one choice of a chat may have.</param>
/// <param name="Choices">Choices of a chat.</param>
/// <param name="Stops">Stop texts of a chat.</param>
/// <param name="StopCharacters">Characters of a stop text.</param>
/// <param name="Answers">Answers of a completion, entities of a search, facts of an entity.</param>
/// <param name="AddedEntities">Entities that can be added, or be otherwise than in the graph.</param>
/// <param name="ReviewedFacts">Facts that can be accepted or rejected.</param>
/// <param name="Queue">Requests that may wait for the model.</param>
/// <param name="QueueSeconds">How long one may.</param>
/// <param name="ChatSeconds">How long a chat may be written; null for as long as who asked waits.</param>
/// <param name="Chats">Chats that are written at the same time.</param>
/// <param name="PrefixBytes">Bytes of keys and values that are kept of chats that have ended, for those that begin alike.</param>
internal sealed record LimitsResponse(
    int Context, long BodyBytes, double BodySeconds, int JsonDepth, int TextCharacters, int EntityCharacters, int Inputs,
    int Messages, int NewTokens, int Choices, int Stops, int StopCharacters, int Answers, int AddedEntities, int ReviewedFacts,
    int Queue, double QueueSeconds, double? ChatSeconds,
    int Chats, long PrefixBytes);

/// <summary><c>/v1/limits</c>.</summary>
internal sealed class LimitsRoute(ModelHost host, ServerOptions options)
{
    /// <summary>Answers.</summary>
    public Task Answer(HttpContext context)
    {
        var limits = options.Limits;
        return Wire.Write(context, new LimitsResponse(
            host.Served.Model.Model.Config.ContextLength, limits.BodyBytes, limits.BodyTime.TotalSeconds, limits.JsonDepth,
            limits.TextCharacters, limits.EntityCharacters, limits.Inputs, limits.Messages, limits.NewTokens, limits.Choices, limits.Stops,
            limits.StopCharacters, limits.Answers, limits.AddedEntities, limits.ReviewedFacts, limits.Queue,
            limits.QueueTime.TotalSeconds, limits.ChatTime?.TotalSeconds, limits.Chats, limits.PrefixBytes));
    }
}
