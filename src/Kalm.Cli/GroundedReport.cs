using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Completion.Grounding;
using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>A grounded answer, for people and for programs.</summary>
/// <param name="Catalog">The entities.</param>
/// <param name="Answer">The answer.</param>
internal sealed record GroundedReport(Catalog Catalog, GroundedAnswer Answer)
{
    private const int FactsShown = 10;

    /// <summary>The answer, and then what it rests on.</summary>
    public IEnumerable<string> Lines()
    {
        if (!Answer.IsGrounded)
        {
            yield return $"unknown: {Answer.Reason}";
            yield break;
        }
        yield return Answer.Text!;
        yield return Answer.Kind == GroundingKind.Graph ? "from the graph:"
            : "not in the graph; ranked first by the model and sure enough to be stated:";
        foreach (var fact in Answer.Facts.Take(FactsShown))
            yield return $"  {Words(fact.Fact)}" + (fact.Source == GroundingKind.Graph ? "" : $" (probability {fact.Probability:F3})");
        if (Answer.Facts.Count > FactsShown)
            yield return $"  and {Answer.Facts.Count - FactsShown:N0} more";
    }

    /// <summary>The answer with all facts.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="written">The model's own words; null when it was not asked for any.</param>
    public JsonObject ToJson(string question, string? written) => new()
    {
        ["question"] = question,
        ["kind"] = Answer.Kind.ToString().ToLowerInvariant(),
        ["answer"] = Answer.Text,
        ["entities"] = new JsonArray([.. Answer.Entities.Select(Named)]),
        ["facts"] = new JsonArray([.. Answer.Facts.Select(fact => new JsonObject
        {
            ["head"] = Named(fact.Fact.Head),
            ["relation"] = Directed(fact.Fact.Relation),
            ["tail"] = Named(fact.Fact.Tail),
            ["source"] = fact.Source.ToString().ToLowerInvariant(),
            ["probability"] = fact.Probability,
        })]),
        ["mentions"] = new JsonArray([.. Answer.Mentions.Select(mention => new JsonObject
        {
            ["text"] = mention.Text,
            ["entities"] = new JsonArray([.. mention.Entities.Select(Named)]),
        })]),
        ["relation"] = Answer.DirectedRelation is { } relation ? Directed(relation) : null,
        ["reason"] = Answer.Reason,
        ["words"] = written,
    };

    private KnowledgeGraph Graph => Catalog.Graph;

    private string Words(Triple fact) =>
        $"{Catalog[fact.Head].Name} · {Graph.Relations[fact.Relation].Text} · {Catalog[fact.Tail].Name}";

    private JsonObject Named(int entity) => new() { ["id"] = Catalog[entity].Id, ["name"] = Catalog[entity].Name };

    private JsonObject Directed(int directed)
    {
        var isInverse = directed >= Graph.RelationCount;
        return new JsonObject
        {
            ["id"] = Graph.Relations[isInverse ? Graph.InverseOf(directed) : directed].Id,
            ["text"] = Graph.DirectedRelationText(directed),
            ["inverse"] = isInverse,
        };
    }
}
