using Kalm.Evaluation;
using Kalm.Representation;
using Kalm.Server.Http;
using Kalm.Server.Inference;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>A triple of which one part is missing.</summary>
/// <param name="Head">An entity's id or name, or a text of its own.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
/// <param name="Tail">As the head.</param>
/// <param name="Top">How many answers are wanted; 10 when absent.</param>
/// <param name="Explain">How many training facts each answer comes with; 3 when absent.</param>
/// <param name="Rerank">Whether to order the best entities by how likely the model is to write their names.</param>
/// <param name="Known">Whether known facts are wanted among the answers; true when absent.</param>
internal sealed record CompleteRequest(string? Head, string? Relation, string? Tail, int? Top, int? Explain, bool? Rerank, bool? Known);

/// <summary>The answers, the best first.</summary>
/// <param name="Head">As it was understood; null when it was sought.</param>
/// <param name="Relation">As it was understood, from head to tail; null when it was sought.</param>
/// <param name="Tail">As it was understood; null when it was sought.</param>
/// <param name="Predicted">What was sought: head, relation or tail.</param>
/// <param name="Temperature">At which cosines became probabilities.</param>
/// <param name="Results">The answers.</param>
internal sealed record CompleteResponse(
    EntityAnswer? Head, RelationAnswer? Relation, EntityAnswer? Tail,
    string Predicted, double Temperature, IReadOnlyList<CompleteResult> Results);

/// <summary>An answer: an entity or a relation.</summary>
/// <param name="Rank">Its place, from 1.</param>
/// <param name="Id">Its id.</param>
/// <param name="Name">The entity's name; null for a relation.</param>
/// <param name="Text">The relation's words; null for an entity.</param>
/// <param name="Inverse">Whether the relation is read backwards; null for an entity.</param>
/// <param name="Score">The cosine.</param>
/// <param name="Probability">That it is the answer, all other known answers left out; calibrated on the validation split.</param>
/// <param name="Known">Whether the graph holds the fact.</param>
/// <param name="Split">The split that holds it.</param>
/// <param name="LogLikelihood">That the model writes its name, when reranked.</param>
/// <param name="Explanation">The nearest training facts; null for a relation.</param>
internal sealed record CompleteResult(
    int Rank, string Id, string? Name, string? Text, bool? Inverse, double Score, double Probability, bool Known, string? Split,
    double? LogLikelihood, IReadOnlyList<ExplanationAnswer>? Explanation);

/// <summary><c>/v1/complete</c>.</summary>
internal sealed class CompleteRoute(ModelHost host, ServerOptions options)
{
    private const int DefaultTop = 10;
    private const int DefaultExplanations = 3;
    private const int MostExplanations = 10;
    private const int RerankDepth = 50;

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var request = await Wire.Read<CompleteRequest>(context);
        var given = new[] { request.Head, request.Relation, request.Tail }.Count(part => part is not null);
        if (given != 2)
            throw ApiException.Bad(null, $"found {given} of head, relation and tail; expected two: the third is predicted");
        var top = Checks.Number("top", request.Top, Math.Min(DefaultTop, options.Limits.Answers), 1, options.Limits.Answers);
        var served = host.Served;
        var response = request.Relation is null
            ? await Relations(served, Find(served, "head", request.Head), Find(served, "tail", request.Tail), top, context.RequestAborted)
            : await Entities(served, request, top, context.RequestAborted);
        await Wire.Write(context, response);
    }

    private async Task<CompleteResponse> Entities(ServedModel served, CompleteRequest request, int top, CancellationToken cancellation)
    {
        var relation = ApiException.Checking(
            "relation", () => served.Catalog.FindRelation(Checks.Text("relation", request.Relation, options.Limits)));
        var most = Checks.Number("explain", request.Explain, DefaultExplanations, 0, MostExplanations);
        var isTail = request.Head is not null;
        var entity = isTail ? Find(served, "head", request.Head) : Find(served, "tail", request.Tail);
        var directed = isTail ? relation : served.Graph.InverseOf(relation);
        var rerank = request.Rerank == true;

        var search = served.Search(entity, directed, rerank ? Math.Max(top, RerankDepth) : top, request.Known != false);
        var encoded = await served.Encode(
            [new ViewRequest(served.Description(entity), true, [served.RelationOf(directed)])], [search], cancellation);
        var found = encoded.Found[0];
        IReadOnlyList<(Hit Hit, double? Likelihood)> hits = rerank
            ? await Rerank(served, entity, directed, found.Hits, top, cancellation) : [.. found.Hits.Select(hit => (hit, (double?)null))];
        var explanations = served.Explanations.Of(
            encoded.Vectors[0], entity.Entity, directed, [.. hits.Select(hit => hit.Hit.Entity)], most);
        var temperature = served.Index.Calibration.Temperature;
        var results = hits.Select((item, place) =>
        {
            var (hit, answer) = (item.Hit, served.Catalog[item.Hit.Entity]);
            var split = served.SplitOf(entity.Entity, directed, hit.Entity);
            return new CompleteResult(
                place + 1, answer.Id, answer.Name, null, null, hit.Score,
                EntitySearch.Probability(hit.Score, split is not null, found.LogSum, temperature),
                split is not null, split, item.Likelihood,
                [.. explanations[place].Select(explanation => ExplanationAnswer.Of(served.Graph, explanation))]);
        });
        var answer = EntityAnswer.Of(served.Catalog, entity);
        return new CompleteResponse(
            isTail ? answer : null, RelationAnswer.Of(served.Graph, relation),
            isTail ? null : answer, isTail ? "tail" : "head", temperature, [.. results]);
    }

    private static async Task<IReadOnlyList<(Hit Hit, double? Likelihood)>> Rerank(
        ServedModel served, QueryEntity entity, int directedRelation, IReadOnlyList<Hit> hits, int top, CancellationToken cancellation)
    {
        if (hits.Count == 0)
            return [];
        var likelihoods = await served.Call(
            model => AnswerLikelihood.Of(
                model, entity.Description, served.Graph.DirectedRelationText(directedRelation),
                [.. hits.Select(hit => served.Catalog[hit.Entity])]), cancellation);
        return [.. hits.Zip(likelihoods, (hit, likelihood) => (hit, (double?)likelihood.Total))
            .OrderByDescending(item => item.Item2).Take(top)];
    }

    private static async Task<CompleteResponse> Relations(
        ServedModel served, QueryEntity head, QueryEntity tail, int top, CancellationToken cancellation)
    {
        var encoded = await served.Encode(served.Relations.Views(served.Description(head), served.Description(tail)), [], cancellation);
        var scores = served.Relations.Of(encoded.Vectors);
        var directed = served.Relations.Directed;
        var temperature = served.Index.Calibration.RelationTemperature;
        var splits = directed
            .Select(relation => tail.Entity is { } answer ? served.SplitOf(head.Entity, relation, answer) : null).ToArray();
        var logSum = LogSum(scores.Where((_, index) => splits[index] is null).Select(score => score / temperature));
        var results = Enumerable.Range(0, directed.Length).OrderByDescending(index => scores[index]).Take(top).Select((index, place) =>
        {
            var relation = RelationAnswer.Of(served.Graph, directed[index]);
            var isKnown = splits[index] is not null;
            return new CompleteResult(
                place + 1, relation.Id, null, relation.Text, relation.Inverse, scores[index],
                EntitySearch.Probability(scores[index], isKnown, logSum, temperature), isKnown, splits[index], null, null);
        });
        return new CompleteResponse(
            EntityAnswer.Of(served.Catalog, head), null, EntityAnswer.Of(served.Catalog, tail), "relation", temperature, [.. results]);
    }

    private static double LogSum(IEnumerable<double> values)
    {
        var all = values.ToArray();
        if (all.Length == 0)
            return double.NegativeInfinity;
        var highest = all.Max();
        return highest + Math.Log(all.Sum(value => Math.Exp(value - highest)));
    }

    private QueryEntity Find(ServedModel served, string param, string? words) =>
        ApiException.Checking(param, () => served.Catalog.Find(Checks.Text(param, words, options.Limits)));
}
