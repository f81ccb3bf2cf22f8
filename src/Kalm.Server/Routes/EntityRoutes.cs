using Kalm.Completion;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>Entities that were found.</summary>
internal sealed record EntitiesResponse(IReadOnlyList<EntityAnswer> Entities);

/// <summary>An entity to be added.</summary>
/// <param name="Id">Its id; made from the name when absent.</param>
/// <param name="Name">What people call it; the text up to its first comma when absent.</param>
/// <param name="Text">What the model reads.</param>
internal sealed record AddEntityRequest(string? Id, string? Name, string? Text);

/// <summary>All about an entity.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">What the model reads.</param>
/// <param name="Added">Whether a client added it.</param>
/// <param name="Known">Facts of the graph.</param>
/// <param name="KnownTotal">The number of such facts, also of those beyond the limit.</param>
/// <param name="Predicted">Facts that the graph does not hold, by relation.</param>
internal sealed record EntityResponse(
    string Id, string Name, string Text, bool Added, IReadOnlyList<KnownFact> Known,
    int KnownTotal, IReadOnlyList<PredictedFacts> Predicted);

/// <summary>A fact of the graph, read from the entity.</summary>
internal sealed record KnownFact(RelationAnswer Relation, EntityName Entity, string Split);

/// <summary>The best answers of one relation that the graph does not hold.</summary>
internal sealed record PredictedFacts(RelationAnswer Relation, IReadOnlyList<PredictedFact> Answers);

/// <summary>A fact that the graph does not hold.</summary>
internal sealed record PredictedFact(EntityName Entity, double Score, double Probability);

/// <summary><c>/v1/entities</c>.</summary>
internal sealed class EntityRoutes(ModelHost host, ServerOptions options)
{
    private const int DefaultFound = 10;
    private const int DefaultPredictions = 3;
    private const int MostPredictions = 20;
    private const int MostRelations = 12;
    private const int Neighbours = 25;

    /// <summary>Finds entities by words.</summary>
    public async Task Search(HttpContext context)
    {
        var words = Checks.Text("search", context.Request.Query["search"].FirstOrDefault(), options.Limits).Trim();
        var most = Checks.Number(context, "limit", Math.Min(DefaultFound, options.Limits.Answers), 1, options.Limits.Answers);
        var catalog = (await host.Current(context)).Catalog;
        await Wire.Write(context, new EntitiesResponse([.. catalog.Search(words, most).Select(index => EntityAnswer.Of(catalog[index]))]));
    }

    /// <summary>Tells all about one entity.</summary>
    public async Task Find(HttpContext context)
    {
        var served = await host.Current(context);
        var id = (string)context.Request.RouteValues["id"]!;
        // A slash is all that stays escaped in a path.
        var index = served.Catalog.WithId(id) ?? served.Catalog.WithId(id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase))
            ?? throw ApiException.Missing("id", $"there is no entity '{id}'; /v1/entities?search= finds them by words");
        var most = Checks.Number(context, "limit", options.Limits.Answers, 0, options.Limits.Answers);
        var predictions = Checks.Number(context, "predict", DefaultPredictions, 0, MostPredictions);
        var entity = served.Catalog[index];
        var known = KnownOf(served, index);
        var predicted = predictions == 0 ? [] : await Predict(served, index, predictions, context.RequestAborted);
        await Wire.Write(context, new EntityResponse(
            entity.Id, entity.Name, entity.Description, served.Catalog.IsAdded(index), [.. known.Take(most)], known.Count, predicted));
    }

    /// <summary>Adds an entity.</summary>
    public async Task Add(HttpContext context)
    {
        var request = await Wire.Read<AddEntityRequest>(context);
        var text = Checks.Text("text", request.Text, options.Limits).Trim();
        var name = request.Name is null ? text.Split(',')[0].Trim() : Checks.Text("name", request.Name, options.Limits).Trim();
        if (name.Length == 0)
            throw ApiException.Bad("name", "the text has no name before its first comma; expected one");
        var served = host.Served;
        var added = await served.Adding.Add(
            () =>
            {
                var id = request.Id is null ? FreeId(served.Catalog, name) : Checks.Text("id", request.Id, options.Limits).Trim();
                if (served.Catalog.WithId(id) is not null)
                    throw new ApiException(409, "invalid_request_error", $"there is an entity '{id}' already", "id", "already_exists");
                if (served.Catalog.Added.Count >= options.Limits.AddedEntities)
                    throw new ApiException(409, "invalid_request_error",
                        $"{options.Limits.AddedEntities} entities have been added, which is the limit", null, "too_many_entities");
                return new Entity(id, name, text);
            }, context.RequestAborted);
        context.Response.Headers.Location = $"/v1/entities/{Uri.EscapeDataString(added.Id)}";
        await Wire.Write(context, EntityAnswer.Of(added), StatusCodes.Status201Created);
    }

    private static List<KnownFact> KnownOf(ServedModel served, int index)
    {
        var facts = new List<KnownFact>();
        if (served.Catalog.IsAdded(index))
            return facts;
        foreach (var directed in served.Completer.RelationScores.Directed)
            foreach (var answer in served.Completer.Facts.Answers(index, directed))
                facts.Add(new KnownFact(
                    RelationAnswer.Of(served.Graph, directed), EntityName.Of(served.Graph.Entities[answer]),
                    served.Completer.Facts.Of(index, directed, answer)!));
        return facts;
    }

    // Which relations make sense is told by the entity itself and by those most like it: what the graph knows of them.
    private static async Task<IReadOnlyList<PredictedFacts>> Predict(
        ServedModel served, int index, int most, CancellationToken cancellation)
    {
        var description = served.Completer.Description(served.Catalog.Of(index));
        var near = await served.Encode([new ViewRequest(description, true, [])], [new SearchRequest(index, [], Neighbours)], cancellation);
        var counts = new Dictionary<int, int>();
        foreach (var entity in near.Found[0].Hits.Select(hit => hit.Entity).Append(index).Where(entity => !served.Catalog.IsAdded(entity)))
            foreach (var directed in served.Completer.RelationScores.Directed)
                if (served.Completer.Facts.Answers(entity, directed).Length > 0)
                    counts[directed] = counts.GetValueOrDefault(directed) + (entity == index ? Neighbours : 1);
        int[] relations = [.. counts.OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key).Take(MostRelations).Select(pair => pair.Key)];
        if (relations.Length == 0)
            return [];
        var entityAsked = served.Catalog.Of(index);
        var searches = relations.Select(relation => served.Completer.Search(entityAsked, relation, most, withKnown: false)).ToList();
        var encoded = await served.Encode(
            [new ViewRequest(description, false, [.. relations.Select(served.Completer.RelationOf)])],
            searches, cancellation);
        return [.. relations.Select((relation, place) => new PredictedFacts(
            RelationAnswer.Of(served.Graph, relation),
            [.. served.Completer.Candidates(entityAsked, relation, searches[place], encoded.Found[place]).Select(candidate =>
                new PredictedFact(EntityName.Of(served.Catalog[candidate.Entity]), candidate.Score, candidate.Probability))]))];
    }

    private static string FreeId(Catalog catalog, string name)
    {
        var id = name;
        for (var number = 2; catalog.WithId(id) is not null; number++)
            id = $"{name} ({number})";
        return id;
    }
}
