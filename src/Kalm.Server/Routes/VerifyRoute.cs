using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Graph;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>A triple that may be true.</summary>
/// <param name="Head">An entity's id or name, or a text of its own.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
/// <param name="Tail">As the head.</param>
/// <param name="Text">A sentence that states the triple, in place of the three.</param>
/// <param name="Explain">How many training facts it comes with; 3 when absent.</param>
internal sealed record VerifyRequest(string? Head, string? Relation, string? Tail, string? Text, int? Explain)
    : StrictRequest;

/// <summary>What is said of a triple.</summary>
/// <param name="Head">As it was understood.</param>
/// <param name="Relation">As it was understood, from head to tail.</param>
/// <param name="Tail">As it was understood.</param>
/// <param name="Verdict">true, false or unknown.</param>
/// <param name="Probability">That it is true, the graph's own word left out; null where it cannot be told.</param>
/// <param name="Threshold">From which probability a fact is stated; null where none is.</param>
/// <param name="FalseBelow">Below which probability it counts as false; null where it cannot be told.</param>
/// <param name="Split">The split that holds it; null when none does.</param>
/// <param name="For">What speaks for it, in words.</param>
/// <param name="Against">What speaks against it, in words.</param>
/// <param name="Contradictions">Facts of the graph that exclude it.</param>
/// <param name="Explanation">The nearest training facts.</param>
internal sealed record VerifyResponse(
    EntityAnswer Head, RelationAnswer Relation, EntityAnswer Tail, string Verdict, double? Probability, double? Threshold,
    double? FalseBelow, string? Split, IReadOnlyList<string> For, IReadOnlyList<string> Against,
    IReadOnlyList<HeldFact> Contradictions, IReadOnlyList<ExplanationAnswer> Explanation);

/// <summary>A fact by its names.</summary>
internal sealed record HeldFact(EntityName Head, RelationAnswer Relation, EntityName Tail)
{
    /// <summary>A fact of a graph, and of what was added to it.</summary>
    public static HeldFact Of(Catalog catalog, Triple triple) => new(
        EntityName.Of(catalog[triple.Head]), RelationAnswer.Of(catalog.Graph, triple.Relation), EntityName.Of(catalog[triple.Tail]));
}

/// <summary><c>/v1/verify</c>.</summary>
internal sealed class VerifyRoute(ModelHost host, ServerOptions options)
{
    /// <summary>How many training facts it comes with when nothing is said.</summary>
    public const int DefaultExplanations = 3;

    /// <summary>With how many it may come.</summary>
    public const int MostExplanations = 10;

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context) =>
        await Wire.Write(context, await Of(await Wire.Read<VerifyRequest>(context), context.RequestAborted));

    /// <summary>The answer to a request.</summary>
    /// <exception cref="ApiException">A field is not what was expected, or the index is being made.</exception>
    public async Task<VerifyResponse> Of(VerifyRequest request, CancellationToken cancellation)
    {
        var most = Checks.Number("explain", request.Explain, DefaultExplanations, 0, MostExplanations);
        var served = await host.Current(cancellation);
        var stated = ClaimOf(served, request);
        var verified = await served.Call(_ => Verification.Of(served.Completer, stated, most), cancellation);
        var (claim, judgement) = (verified.Claim, verified.Judgement);
        return new VerifyResponse(
            EntityAnswer.Of(served.Catalog, claim.Head), RelationAnswer.Of(served.Graph, claim.Relation),
            EntityAnswer.Of(served.Catalog, claim.Tail), FactWords.Of(judgement.Verdict), judgement.Probability,
            served.Completer.Statement?.Threshold, served.Index.Calibration.Facts?.FalseBelow, judgement.Split,
            verified.For, verified.Against, [.. judgement.Contradictions.Select(fact => HeldFact.Of(served.Catalog, fact))],
            [.. verified.Explanations.Select(explanation => ExplanationAnswer.Of(served.Catalog, explanation))]);
    }

    private FactClaim ClaimOf(ServedModel served, VerifyRequest request)
    {
        if (request.Text is not null)
        {
            if ((request.Head ?? request.Relation ?? request.Tail) is not null)
                throw ApiException.Bad("text", "found beside head, relation or tail; expected a sentence or the three");
            return ApiException.Checking(
                "text", () => served.Completer.Grounder.Claim(Checks.Text("text", request.Text, options.Limits)));
        }
        var directed = ApiException.Checking(
            "relation", () => served.Catalog.FindRelation(Checks.Text("relation", request.Relation, options.Limits)));
        return FactClaim.Of(served.Graph, Find(served, "head", request.Head), directed, Find(served, "tail", request.Tail));
    }

    private QueryEntity Find(ServedModel served, string param, string? words) =>
        ApiException.Checking(param, () => served.Catalog.Find(Checks.Text(param, words, options.Limits)));
}
