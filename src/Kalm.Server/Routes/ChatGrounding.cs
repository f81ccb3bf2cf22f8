using Kalm.Completion;
using Kalm.Completion.Grounding;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;

namespace Kalm.Server.Routes;

/// <summary>Where the text of an answer comes from.</summary>
/// <param name="Kind">graph, ranking, or words: the model's own.</param>
/// <param name="Relation">The relation that was asked for, from the entity that was named; null when it is none of the graph's.</param>
/// <param name="Reason">Why it is the model's own words; null when it is not.</param>
internal sealed record ChatGrounding(string Kind, RelationAnswer? Relation, string? Reason)
{
    /// <summary>Of an answer; what has none is left to the model's words.</summary>
    public static ChatGrounding Of(Catalog catalog, GroundedAnswer answer) => new(
        (answer.IsGrounded ? answer.Kind : GroundingKind.Words).ToString().ToLowerInvariant(),
        answer.DirectedRelation is { } relation ? RelationAnswer.Of(catalog.Graph, relation) : null, answer.Reason);
}

/// <summary>Something beside a message.</summary>
/// <param name="Type">kalm_fact.</param>
/// <param name="KalmFact">The fact.</param>
internal sealed record ChatAnnotation(string Type, ChatFact KalmFact)
{
    /// <summary>The facts of an answer.</summary>
    public static IReadOnlyList<ChatAnnotation> Of(Catalog catalog, GroundedAnswer answer) =>
        [.. answer.Facts.Select(fact => new ChatAnnotation("kalm_fact", new ChatFact(
            EntityName.Of(catalog[fact.Fact.Head]), RelationAnswer.Of(catalog.Graph, fact.Fact.Relation),
            EntityName.Of(catalog[fact.Fact.Tail]), fact.Source.ToString().ToLowerInvariant(), fact.Probability)))];
}

/// <summary>A fact that an answer rests on.</summary>
/// <param name="Head">Its head.</param>
/// <param name="Relation">Its relation, from head to tail.</param>
/// <param name="Tail">Its tail.</param>
/// <param name="Source">graph, or ranking.</param>
/// <param name="Probability">1 of what the graph holds.</param>
internal sealed record ChatFact(EntityName Head, RelationAnswer Relation, EntityName Tail, string Source, double Probability);

/// <summary>A grounded answer as a message, within what the request allows.</summary>
/// <param name="Text">The answer, cut before a stop text and at the most tokens.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="End">Why it ends.</param>
/// <param name="Annotations">The facts.</param>
/// <param name="Grounding">Where it comes from.</param>
internal sealed record GroundedReply(
    string Text, int Tokens, GenerationEnd End, IReadOnlyList<ChatAnnotation> Annotations, ChatGrounding Grounding)
{
    /// <summary>Of an answer that rests on facts.</summary>
    public static GroundedReply Of(Catalog catalog, GroundedAnswer answer, Tokenizer tokenizer, GenerationOptions options)
    {
        var text = answer.Text!;
        foreach (var stop in options.Stop)
            if (text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var at)
                text = text[..at];
        var (tokens, end) = (tokenizer.Encode(text), GenerationEnd.Stop);
        if (tokens.Length > options.MaximumNewTokens)
        {
            (tokens, end) = (tokens[..options.MaximumNewTokens], GenerationEnd.Length);
            text = tokenizer.Decode(tokens);
        }
        return new GroundedReply(text, tokens.Length, end, ChatAnnotation.Of(catalog, answer), ChatGrounding.Of(catalog, answer));
    }
}
