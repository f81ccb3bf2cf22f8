using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kalm.Completion;
using Kalm.Graph;
using Kalm.Graph.Writers;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>A fact that somebody accepts or rejects.</summary>
/// <param name="Head">An entity's id or name.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
/// <param name="Tail">As the head.</param>
internal sealed record FactRequest(
    [property: Required] string? Head, [property: Required] string? Relation, [property: Required] string? Tail) : StrictRequest;

/// <summary>A fact that was accepted or rejected.</summary>
/// <param name="Id">By which it can be deleted.</param>
/// <param name="Head">Its head.</param>
/// <param name="Relation">Its relation, from head to tail.</param>
/// <param name="Tail">Its tail.</param>
/// <param name="Verdict">accepted or rejected.</param>
/// <param name="Time">When it was.</param>
internal sealed record FactAnswer(
    string Id, EntityName Head, RelationAnswer Relation, EntityName Tail, string Verdict, DateTimeOffset Time)
{
    /// <summary>A fact of the catalog.</summary>
    public static FactAnswer Of(Catalog catalog, ReviewedFact reviewed) => new(
        reviewed.Number.ToString(CultureInfo.InvariantCulture), EntityName.Of(catalog[reviewed.Fact.Head]),
        RelationAnswer.Of(catalog.Graph, reviewed.Fact.Relation), EntityName.Of(catalog[reviewed.Fact.Tail]),
        reviewed.IsAccepted ? "accepted" : "rejected", reviewed.Time);
}

/// <summary>A page of reviewed facts.</summary>
/// <param name="Facts">The facts, in the order in which they were reviewed.</param>
/// <param name="Next">What <c>after</c> has to be for the next page; null behind the last one.</param>
internal sealed record FactsResponse(IReadOnlyList<FactAnswer> Facts, string? Next);

/// <summary><c>/v1/facts</c>.</summary>
internal sealed class FactRoutes(ModelHost host, ServerOptions options)
{
    private const int DefaultFound = 10;
    private const string Origin = "reviewed";

    private static readonly Dictionary<string, string> MediaTypes = new()
    {
        ["tsv"] = "text/tab-separated-values", ["jsonl"] = "application/jsonl",
        ["nt"] = "application/n-triples", ["ttl"] = "text/turtle",
    };

    /// <summary>Lists what was accepted and rejected; a fact of an entity that is deleted not until that is back.</summary>
    public async Task List(HttpContext context)
    {
        var most = Checks.Number(context, "limit", Math.Min(DefaultFound, options.Limits.Answers), 1, options.Limits.Answers);
        var after = context.Request.Query["after"].FirstOrDefault() is { } id ? Number("after", id) : 0;
        var since = Since(context.Request.Query["since"].FirstOrDefault());
        var catalog = (await host.Current(context.RequestAborted)).Catalog;
        var found = Present(catalog).Where(fact => fact.Number > after && fact.Time >= since).Take(most + 1).ToList();
        await Wire.Write(context, new FactsResponse(
            [.. found.Take(most).Select(fact => FactAnswer.Of(catalog, fact))],
            found.Count > most ? found[most - 1].Number.ToString(CultureInfo.InvariantCulture) : null));
    }

    /// <summary>Adds a fact.</summary>
    public Task Accept(HttpContext context) => Answer(context, ChangeKind.FactAccepted);

    /// <summary>Rejects a fact that was proposed.</summary>
    public Task Reject(HttpContext context) => Answer(context, ChangeKind.FactRejected);

    /// <summary>Takes back what was said of a fact.</summary>
    public async Task Delete(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        await host.Served.Changes.Make(null, catalog =>
            long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && catalog.Reviewed.Of(number) is not null
                ? new Change(0, default, ChangeKind.FactDeleted, Fact: number)
                : throw ApiException.Missing("id", $"there is no reviewed fact '{id}'; /v1/facts lists them"), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Writes all accepted facts as files that can be read as a graph again.</summary>
    public async Task Export(HttpContext context)
    {
        var format = context.Request.Query["format"].FirstOrDefault() ?? "tsv";
        if (!MediaTypes.TryGetValue(format, out var mediaType))
            throw ApiException.Bad("format", $"found '{format}'; expected {string.Join(", ", MediaTypes.Keys)}");
        var catalog = (await host.Current(context.RequestAborted)).Catalog;
        using var content = new MemoryStream();
        EdgeFormats.Write(
            EdgeFormats.Of($".{format}")!, content, new EdgeSource(catalog.Graph, Origin) { Entity = number => catalog[number] },
            Present(catalog).Where(fact => fact.IsAccepted).Select(fact => new ScoredEdge(
                fact.Fact, null, null, null, $"accepted {fact.Time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}")));
        context.Response.ContentType = $"{mediaType}; charset=utf-8";
        content.Position = 0;
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task Answer(HttpContext context, ChangeKind kind)
    {
        var reviewed = await Review(await Wire.Read<FactRequest>(context), kind, context.RequestAborted);
        context.Response.Headers.Location = $"/v1/facts/{reviewed.Id}";
        await Wire.Write(context, reviewed, StatusCodes.Status201Created);
    }

    /// <summary>Keeps in the log what is said of a fact.</summary>
    /// <param name="request">The fact.</param>
    /// <param name="kind">Whether it is accepted or rejected.</param>
    /// <param name="cancellation">Ends the waiting; what has begun is done all the same.</param>
    /// <exception cref="ApiException">A part is not what was expected, or something was said of the fact already.</exception>
    public async Task<FactAnswer> Review(FactRequest request, ChangeKind kind, CancellationToken cancellation)
    {
        var words = Checks.Text("relation", request.Relation, options.Limits);
        var (head, tail) = (Checks.Text("head", request.Head, options.Limits), Checks.Text("tail", request.Tail, options.Limits));
        var served = host.Served;
        var (catalog, made) = await served.Changes.Make(null, catalog =>
        {
            var directed = ApiException.Checking("relation", () => catalog.FindRelation(words));
            var (from, to) = (Entity(catalog, "head", head), Entity(catalog, "tail", tail));
            var fact = directed < catalog.Graph.RelationCount
                ? new Triple(from, directed, to) : new Triple(to, catalog.Graph.InverseOf(directed), from);
            if (catalog.Reviewed.Of(fact.Head, fact.Relation, fact.Tail) is { } reviewed)
                throw ApiException.Conflict(null, $"the fact was {(reviewed.IsAccepted ? "accepted" : "rejected")} already; DELETE "
                    + $"/v1/facts/{reviewed.Number} takes that back", "already_exists");
            if (served.Completer.Facts.Of(fact.Head, fact.Relation, fact.Tail) is { } split && split != FactSplits.Added)
                throw ApiException.Conflict(null, $"the graph holds the fact, in {split}", "already_exists");
            if (catalog.Reviewed.Count >= options.Limits.ReviewedFacts)
                throw ApiException.Conflict(
                    null, $"{options.Limits.ReviewedFacts} facts have been reviewed, which is the limit", "too_many_facts");
            return new Change(0, default, kind, Head: catalog[fact.Head].Id,
                Relation: catalog.Graph.Relations[fact.Relation].Id, Tail: catalog[fact.Tail].Id);
        }, cancellation);
        return FactAnswer.Of(catalog, catalog.Reviewed.Of(made!.Number)!);
    }

    private static int Entity(Catalog catalog, string param, string words) =>
        ApiException.Checking(param, () => catalog.Find(words)).Entity
            ?? throw ApiException.Bad(param, $"there is no entity '{words}'; expected the id or the name of one");

    private static IEnumerable<ReviewedFact> Present(Catalog catalog) =>
        catalog.Reviewed.All.Where(fact => !catalog.IsHidden(fact.Fact.Head) && !catalog.IsHidden(fact.Fact.Tail));

    private static long Number(string param, string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw ApiException.Bad(param, $"found '{text}'; expected the id of a reviewed fact");

    private static DateTimeOffset Since(string? text) => text is null ? DateTimeOffset.MinValue
        : DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var since)
            ? since : throw ApiException.Bad("since", $"found '{text}'; expected a time such as 2026-01-31T12:00:00Z");
}
