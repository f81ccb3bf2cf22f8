using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Completion.Reranking;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>A triple of which one part is missing.</summary>
/// <param name="Head">An entity's id or name, or a text of its own.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
/// <param name="Tail">As the head.</param>
/// <param name="Top">How many answers are wanted; 10 when absent.</param>
/// <param name="Explain">How many training facts each answer comes with; 3 when absent.</param>
/// <param name="Rerank">Whether the run's re-ranker puts the best entities into order.</param>
/// <param name="Known">Whether known facts are wanted among the answers; true when absent.</param>
/// <param name="Facts">Whether each answer comes with how sure the fact is; true when absent.</param>
/// <param name="StrictTypes">Whether only entities are wanted that are such as the relation has there in train.</param>
internal sealed record CompleteRequest(
    string? Head, string? Relation, string? Tail, int? Top, int? Explain, bool? Rerank, bool? Known, bool? Facts, bool? StrictTypes)
    : StrictRequest;

/// <summary>The answers, the best first.</summary>
/// <param name="Head">As it was understood; null when it was sought.</param>
/// <param name="Relation">As it was understood, from head to tail; null when it was sought.</param>
/// <param name="Tail">As it was understood; null when it was sought.</param>
/// <param name="Predicted">What was sought: head, relation or tail.</param>
/// <param name="Temperature">At which cosines became probabilities.</param>
/// <param name="Threshold">The least probability of a fact that is stated; null where none is, and for relations.</param>
/// <param name="Results">The answers.</param>
internal sealed record CompleteResponse(
    EntityAnswer? Head, RelationAnswer? Relation, EntityAnswer? Tail,
    string Predicted, double Temperature, double? Threshold, IReadOnlyList<CompleteResult> Results);

/// <summary>An answer: an entity or a relation.</summary>
/// <param name="Rank">Its place, from 1.</param>
/// <param name="Id">Its id.</param>
/// <param name="Name">The entity's name; null for a relation.</param>
/// <param name="Types">What kind of thing the entity is; null for a relation.</param>
/// <param name="Text">The relation's words; null for an entity.</param>
/// <param name="Inverse">Whether the relation is read backwards; null for an entity.</param>
/// <param name="Score">The cosine.</param>
/// <param name="Probability">That it is the answer, all other known answers left out; calibrated on the validation split.</param>
/// <param name="FactProbability">That the fact is true; null where it was not asked or cannot be told.</param>
/// <param name="Verdict">true, false or unknown: what is said of the fact; null for a relation and where it was not asked.</param>
/// <param name="Known">Whether the fact is known.</param>
/// <param name="Split">The split that holds it; added when it was accepted since.</param>
/// <param name="Reranked">The re-ranker's score, by which the answers are ordered; null where it was not asked, or gains nothing.</param>
/// <param name="Explanation">The nearest training facts; null for a relation.</param>
internal sealed record CompleteResult(
    int Rank, string Id, string? Name, IReadOnlyList<string>? Types, string? Text, bool? Inverse, double Score, double Probability,
    double? FactProbability, string? Verdict, bool Known, string? Split, double? Reranked,
    IReadOnlyList<ExplanationAnswer>? Explanation);

/// <summary><c>/v1/complete</c>.</summary>
internal sealed class CompleteRoute(ModelHost host, ServerOptions options)
{
    /// <summary>How many answers there are when nothing is said.</summary>
    public const int DefaultTop = 10;

    /// <summary>How many training facts each comes with when nothing is said.</summary>
    public const int DefaultExplanations = 3;

    /// <summary>With how many it may come.</summary>
    public const int MostExplanations = 10;

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context) =>
        await Wire.Write(context, await Of(await Wire.Read<CompleteRequest>(context), context.RequestAborted));

    /// <summary>The answer to a request.</summary>
    /// <exception cref="ApiException">A field is not what was expected, or the index is being made.</exception>
    public async Task<CompleteResponse> Of(CompleteRequest request, CancellationToken cancellation)
    {
        var given = new[] { request.Head, request.Relation, request.Tail }.Count(part => part is not null);
        if (given != 2)
            throw ApiException.Bad(null, $"found {given} of head, relation and tail; expected two: the third is predicted");
        var top = Checks.Number("top", request.Top, Math.Min(DefaultTop, options.Limits.Answers), 1, options.Limits.Answers);
        var served = await host.Current(cancellation);
        return request.Relation is null
            ? await Relations(served, Find(served, "head", request.Head), Find(served, "tail", request.Tail), top, cancellation)
            : await Entities(served, request, top, cancellation);
    }

    private async Task<CompleteResponse> Entities(ServedModel served, CompleteRequest request, int top, CancellationToken cancellation)
    {
        var relation = ApiException.Checking(
            "relation", () => served.Catalog.FindRelation(Checks.Text("relation", request.Relation, options.Limits)));
        var most = Checks.Number("explain", request.Explain, DefaultExplanations, 0, MostExplanations);
        var isTail = request.Head is not null;
        var entity = isTail ? Find(served, "head", request.Head) : Find(served, "tail", request.Tail);
        var directed = isTail ? relation : served.Graph.InverseOf(relation);
        var completer = served.Completer;
        var depth = request.Rerank == true ? await RerankDepth(served, cancellation) : 0;
        var search = completer.Search(
            entity, directed, Math.Max(top, depth), request.Known != false, request.StrictTypes == true);
        var encoded = await served.Encode(completer.Views(entity, directed), [search], cancellation);
        var candidates = completer.Candidates(entity, directed, search, encoded.Found[0]);
        if (depth > 0)
            candidates = [.. (await served.Call(_ => completer.Rerank(candidates, entity, directed), cancellation)).Take(top)];
        if (request.Facts != false)
            candidates = await served.Call(_ => completer.Judge.Of(candidates, entity, directed), cancellation);
        var explanations = completer.Explanations.Of(
            encoded.Vectors[0], entity.Entity, directed, [.. candidates.Select(candidate => candidate.Entity)], most);
        var results = candidates.Select((candidate, place) =>
        {
            var answer = served.Catalog[candidate.Entity];
            return new CompleteResult(
                place + 1, answer.Id, answer.Name, answer.Types, null, null, candidate.Score, candidate.Probability,
                candidate.Fact?.Probability, candidate.Fact is { } fact ? FactWords.Of(fact.Verdict) : null,
                candidate.Split is not null, candidate.Split, candidate.Reranked?.Score,
                [.. explanations[place].Select(explanation => ExplanationAnswer.Of(served.Catalog, explanation))]);
        });
        var answer = EntityAnswer.Of(served.Catalog, entity);
        return new CompleteResponse(
            isTail ? answer : null, RelationAnswer.Of(served.Graph, relation), isTail ? null : answer, isTail ? "tail" : "head",
            served.Index.Calibration.Temperature, completer.Statement?.Threshold, [.. results]);
    }

    private static async Task<int> RerankDepth(ServedModel served, CancellationToken cancellation)
    {
        ApiException.Checking("rerank", () =>
        {
            Reranker.RequireIn(served.Model.Opened);
            return true;
        });
        return await served.Call(_ => served.Completer.Reranker.Description.Shape.Depth, cancellation);
    }

    private static async Task<CompleteResponse> Relations(
        ServedModel served, QueryEntity head, QueryEntity tail, int top, CancellationToken cancellation)
    {
        var completer = served.Completer;
        var encoded = await served.Encode(
            completer.RelationScores.Views(completer.Description(head), completer.Description(tail)), [], cancellation);
        var results = completer.RelationCandidates(head, tail, encoded.Vectors, top).Select(candidate =>
        {
            var relation = RelationAnswer.Of(served.Graph, candidate.DirectedRelation);
            return new CompleteResult(
                candidate.Rank, relation.Id, null, null, relation.Text, relation.Inverse, candidate.Score, candidate.Probability,
                null, null, candidate.Split is not null, candidate.Split, null, null);
        });
        return new CompleteResponse(
            EntityAnswer.Of(served.Catalog, head), null, EntityAnswer.Of(served.Catalog, tail), "relation",
            served.Index.Calibration.RelationTemperature, null, [.. results]);
    }

    private QueryEntity Find(ServedModel served, string param, string? words) =>
        ApiException.Checking(param, () => served.Catalog.Find(Checks.Text(param, words, options.Limits)));
}
