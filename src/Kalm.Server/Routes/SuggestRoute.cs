using Kalm.Completion.Facts;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>A fact that the graph seems to lack.</summary>
/// <param name="Head">Its head.</param>
/// <param name="Relation">Its relation, from head to tail.</param>
/// <param name="Tail">Its tail.</param>
/// <param name="Value">What looking at it is worth: its probability over the root of one more than the facts of the lesser known
/// end.</param>
/// <param name="FactProbability">That it is true.</param>
/// <param name="Verdict">true or unknown: only what is true is sure enough to be stated.</param>
/// <param name="Support">Training facts like it.</param>
internal sealed record SuggestedFact(
    EntityName Head, RelationAnswer Relation, EntityName Tail, double Value, double FactProbability, string Verdict,
    IReadOnlyList<ExplanationAnswer> Support);

/// <summary>Facts that the graph seems to lack, those most worth a look first.</summary>
internal sealed record SuggestionsResponse(IReadOnlyList<SuggestedFact> Suggestions);

/// <summary><c>/v1/suggestions</c>.</summary>
internal sealed class SuggestRoute(ModelHost host, ServerOptions options)
{
    private const int DefaultQueries = 200;
    private const int MostQueries = 2000;
    private const int DefaultFound = 10;

    /// <summary>Answers; the model is busy with it meanwhile.</summary>
    public async Task Answer(HttpContext context)
    {
        var most = Checks.Number(context, "limit", Math.Min(DefaultFound, options.Limits.Answers), 1, options.Limits.Answers);
        var queries = Checks.Number(context, "queries", DefaultQueries, 1, MostQueries);
        var seed = Checks.Number(context, "seed", 1, 0, int.MaxValue);
        var served = await host.Current(context.RequestAborted);
        if (served.Index.Calibration.Facts is null)
            throw ApiException.Conflict(null, "the validation split is too small to tell how sure a fact is");
        int[] relations = context.Request.Query["relation"] is { Count: > 0 } words
            ? [.. words.Select(text => ApiException.Checking(
                "relation", () => served.Catalog.FindRelation(Checks.Text("relation", text, options.Limits))))] : [];
        var proposed = await served.Call(
            _ => Proposals.Of(served.Completer, new ProposalOptions
            {
                Relations = relations, Most = most, Queries = queries, Seed = seed,
            }, null, context.RequestAborted), context.RequestAborted);
        await Wire.Write(context, new SuggestionsResponse([.. proposed.Select(fact => new SuggestedFact(
            EntityName.Of(served.Catalog[fact.Fact.Head]), RelationAnswer.Of(served.Graph, fact.Fact.Relation),
            EntityName.Of(served.Catalog[fact.Fact.Tail]), fact.Value, fact.Judgement.Probability!.Value,
            FactWords.Of(fact.Judgement.Verdict),
            [.. fact.Support.Select(support => ExplanationAnswer.Of(served.Catalog, support))]))]));
    }
}
