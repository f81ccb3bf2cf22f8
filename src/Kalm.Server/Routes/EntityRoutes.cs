using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary><c>/v1/entities</c>.</summary>
internal sealed class EntityRoutes(ModelHost host, ServerOptions options)
{
    /// <summary>How many predictions a relation there are when nothing is said.</summary>
    public const int DefaultPredictions = 3;

    /// <summary>How many there may be.</summary>
    public const int MostPredictions = 20;

    private const int DefaultFound = 10;
    private const int MostRelations = 12;
    private const int Neighbours = 25;

    /// <summary>Finds entities by words, or lists all of them.</summary>
    public async Task List(HttpContext context)
    {
        var most = Checks.Number(context, "limit", MostFound, 1, options.Limits.Answers);
        await Wire.Write(context, await List(
            context.Request.Query["search"].FirstOrDefault(), context.Request.Query["after"].FirstOrDefault(), most,
            context.RequestAborted));
    }

    /// <summary>How many entities are found when nothing is said.</summary>
    public int MostFound => Math.Min(DefaultFound, options.Limits.Answers);

    /// <summary>Entities by words, or a page of all of them.</summary>
    /// <param name="search">The words; null lists all.</param>
    /// <param name="after">The id before the page; null begins.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ApiException">Both are given, or the index is being made.</exception>
    public async Task<EntitiesResponse> List(string? search, string? after, int most, CancellationToken cancellation)
    {
        if (search is not null && after is not null)
            throw ApiException.Bad("after", "found search too; expected one of them: what is found by words has no pages");
        var words = search is null ? null : Checks.Text("search", search, options.Limits).Trim();
        var completer = (await host.Current(cancellation)).Completer;
        var catalog = completer.Catalog;
        if (words is not null)
            return new EntitiesResponse(
                [.. EntityFinder.Find(completer, words, most).Select(found => FoundAnswer.Of(catalog[found.Entity], found.By))], null);
        var page = catalog.Page(after, most + 1);
        return new EntitiesResponse(
            [.. page.Take(most).Select(number => FoundAnswer.Of(catalog[number], null))],
            page.Count > most ? catalog[page[most - 1]].Id : null);
    }

    /// <summary>Tells all about one entity.</summary>
    public async Task Find(HttpContext context)
    {
        var served = await host.Current(context.RequestAborted);
        var catalog = served.Catalog;
        var index = catalog.WithId(IdOf(context, catalog)) ?? throw Missing(IdOf(context, catalog));
        var most = Checks.Number(context, "limit", options.Limits.Answers, 0, options.Limits.Answers);
        var predictions = Checks.Number(context, "predict", DefaultPredictions, 0, MostPredictions);
        var range = new KnownRange(most, Checks.Number(context, "skip", 0, 0, int.MaxValue), Relation(context, catalog));
        var entity = catalog[index];
        var tag = EntityTags.Of(served, catalog, entity);
        context.Response.Headers.ETag = tag;
        if (EntityTags.IsKnown(context, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        await Wire.Write(context, await About(served, index, range, predictions, context.RequestAborted));
    }

    /// <summary>All about one entity.</summary>
    /// <param name="served">Holds it.</param>
    /// <param name="index">Its number.</param>
    /// <param name="range">Which known facts.</param>
    /// <param name="predictions">At most so many predicted facts a relation.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<EntityResponse> About(
        ServedModel served, int index, KnownRange range, int predictions, CancellationToken cancellation)
    {
        var (catalog, relations) = (served.Catalog, KnownOf(served, index));
        var entity = catalog[index];
        var predicted = predictions == 0 ? [] : await Predict(served, index, predictions, cancellation);
        return new EntityResponse(
            entity.Id, entity.Name, entity.Description, entity.Types, catalog.IsAdded(index), [.. Facts()],
            relations.Sum(relation => relation.Answers.Length),
            [.. relations.Select(relation =>
                new KnownRelation(RelationAnswer.Of(served.Graph, relation.Directed), relation.Answers.Length))],
            predicted);

        IEnumerable<KnownFact> Facts()
        {
            var wanted = relations.Where(relation => range.Directed is not { } one || relation.Directed == one).ToList();
            var (each, skip, left) = (Share(wanted, range), range.Skip, range.Most);
            foreach (var (directed, answers) in wanted)
            {
                foreach (var answer in answers.Skip(skip).Take(Math.Min(left, each)))
                {
                    left--;
                    yield return new KnownFact(
                        RelationAnswer.Of(served.Graph, directed), EntityName.Of(catalog[answer]),
                        served.Completer.Facts.Of(index, directed, answer)!);
                }
                skip = Math.Max(0, skip - answers.Length);
            }
        }
    }

    /// <summary>Adds an entity.</summary>
    public async Task Add(HttpContext context)
    {
        var (catalog, added) = await Add(await Wire.Read<AddEntityRequest>(context), context.RequestAborted);
        context.Response.Headers.Location = $"/v1/entities/{Uri.EscapeDataString(added.Id)}";
        await Tell(context, host.Served, catalog, added, StatusCodes.Status201Created);
    }

    /// <summary>Adds an entity; it outlives the server once this returns.</summary>
    /// <returns>The catalog right behind it, and the entity.</returns>
    /// <exception cref="ApiException">A field is not what was expected, or there is such an entity already.</exception>
    public async Task<(Catalog Catalog, Entity Added)> Add(AddEntityRequest request, CancellationToken cancellation)
    {
        var text = Checks.Text("text", request.Text, options.Limits.OfEntities).Trim();
        var name = request.Name is null ? text.Split(',')[0].Trim() : Checks.Text("name", request.Name, options.Limits.OfEntities).Trim();
        if (name.Length == 0)
            throw ApiException.Bad("name", "the text has no name before its first comma; expected one");
        var wanted = request.Id is null ? null : Checks.Text("id", request.Id, options.Limits).Trim();
        var (catalog, added) = await host.Served.Changes.Make(text, catalog =>
        {
            var id = wanted ?? FreeId(catalog, name);
            if (catalog.HiddenWithId(id) is not null)
                throw ApiException.Conflict("id", $"the graph's entity '{id}' was deleted; PUT brings it back", "already_exists");
            if (catalog.WithId(id) is not null)
                throw ApiException.Conflict("id", $"there is an entity '{id}' already", "already_exists");
            RequireRoom(catalog);
            return new Change(0, default, ChangeKind.EntityAdded, id, name, text);
        }, cancellation);
        return (catalog, new Entity(added!.Id!, name, text));
    }

    /// <summary>Gives an entity another name or text; brings one of the graph back that was deleted.</summary>
    public async Task Edit(HttpContext context)
    {
        var request = await Wire.Read<EditEntityRequest>(context);
        var text = request.Text is null ? null : Checks.Text("text", request.Text, options.Limits.OfEntities).Trim();
        var name = request.Name is null ? null : Checks.Text("name", request.Name, options.Limits.OfEntities).Trim();
        var required = EntityTags.Required(context);
        var served = host.Served;
        Entity? edited = null;
        var (catalog, _) = await served.Changes.Make(text, catalog =>
        {
            var id = IdOf(context, catalog);
            var (visible, gone) = (catalog.WithId(id), catalog.HiddenWithId(id));
            required(visible is { } there ? catalog[there] : null);
            var number = visible ?? gone ?? throw Missing(id);
            if (name is null && text is null && gone is null)
                throw ApiException.Bad(null, "found neither name nor text; expected at least one of them", "missing_value");
            var old = catalog[number];
            edited = old with { Name = name ?? old.Name, Description = text ?? old.Description };
            if (gone is null && edited == old)
                return null;
            if (catalog.IsAsInGraph(number) && edited != old)
                RequireRoom(catalog);
            return new Change(0, default, ChangeKind.EntityEdited, old.Id, edited.Name, edited.Description);
        }, context.RequestAborted);
        await Tell(context, served, catalog, edited!, StatusCodes.Status200OK);
    }

    /// <summary>Deletes an entity.</summary>
    public async Task Delete(HttpContext context)
    {
        var required = EntityTags.Required(context);
        await host.Served.Changes.Make(null, catalog =>
        {
            var number = catalog.WithId(IdOf(context, catalog));
            required(number is { } there ? catalog[there] : null);
            return new Change(0, default, ChangeKind.EntityDeleted, catalog[number ?? throw Missing(IdOf(context, catalog))].Id);
        }, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task Tell(HttpContext context, ServedModel served, Catalog catalog, Entity entity, int status)
    {
        context.Response.Headers.ETag = EntityTags.Of(served, catalog, entity);
        return Wire.Write(context, EntityAnswer.Of(entity), status);
    }

    // A slash is all that stays escaped in a path.
    private static string IdOf(HttpContext context, Catalog catalog)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return catalog.WithId(id) is null && catalog.HiddenWithId(id) is null
            ? id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) : id;
    }

    private static ApiException Missing(string id) =>
        ApiException.Missing("id", $"there is no entity '{id}'; /v1/entities?search= finds them by words");

    private void RequireRoom(Catalog catalog)
    {
        if (catalog.ChangedCount >= options.Limits.AddedEntities)
            throw ApiException.Conflict(null, $"{options.Limits.AddedEntities} entities have been added or edited, which is the limit",
                "too_many_entities");
    }

    // The directed relation that is asked for alone; one that reads the same both ways is known in its first direction.
    private int? Relation(HttpContext context, Catalog catalog)
    {
        if (context.Request.Query["relation"].FirstOrDefault() is not { } words)
            return null;
        var directed = ApiException.Checking(
            "relation", () => catalog.FindRelation(Checks.Text("relation", words, options.Limits)));
        return host.Served.Completer.RelationScores.Directed.Contains(directed) ? directed : catalog.Graph.InverseOf(directed);
    }

    // Of how many facts of each relation the limit leaves room: the largest number that all of them may have.
    private static int Share(List<(int Directed, int[] Answers)> relations, KnownRange range)
    {
        if (range.Skip > 0)
            return range.Most;
        var (left, share) = (range.Most, 1);
        foreach (var (place, count) in relations.Select(relation => relation.Answers.Length).Order().Index())
        {
            var even = left / (relations.Count - place);
            if (count > even)
                return Math.Max(1, even);
            (left, share) = (left - count, count);
        }
        return share;
    }

    private static List<(int Directed, int[] Answers)> KnownOf(ServedModel served, int index) =>
        [.. served.Completer.RelationScores.Directed
            .Select(directed => (directed,
                served.Completer.Facts.Answers(index, directed).Where(answer => !served.Catalog.IsHidden(answer)).ToArray()))
            .Where(relation => relation.Item2.Length > 0)];

    // Which relations make sense is told by the entity itself and by those most like it: what the graph knows of them.
    private static async Task<IReadOnlyList<PredictedFacts>> Predict(
        ServedModel served, int index, int most, CancellationToken cancellation)
    {
        var description = served.Completer.Description(served.Catalog.Of(index));
        var near = await served.Encode([new ViewRequest(description, true, [])], [new SearchRequest(index, [], Neighbours)], cancellation);
        var counts = new Dictionary<int, int>();
        foreach (var entity in near.Found[0].Hits.Select(hit => hit.Entity).Append(index))
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
        var candidates = relations.Select((relation, place) =>
            served.Completer.Candidates(entityAsked, relation, searches[place], encoded.Found[place])).ToList();
        // All at once: what they share is encoded once.
        var judged = await served.Call(_ => served.Completer.Judge.Of(
            [.. relations.SelectMany((relation, place) => candidates[place].Select(candidate =>
                FactClaim.Of(served.Graph, entityAsked, relation, served.Catalog.Of(candidate.Entity))))], cancellation), cancellation);
        var next = 0;
        return [.. relations.Select((relation, place) => new PredictedFacts(
            RelationAnswer.Of(served.Graph, relation), [.. candidates[place].Select(candidate => Told(candidate, judged[next++]))]))];

        PredictedFact Told(EntityCandidate candidate, FactJudgement fact) => new(
            EntityName.Of(served.Catalog[candidate.Entity]), candidate.Score, candidate.Probability, fact.Probability,
            FactWords.Of(fact.Verdict));
    }

    private static string FreeId(Catalog catalog, string name)
    {
        var id = name;
        for (var number = 2; catalog.WithId(id) is not null || catalog.HiddenWithId(id) is not null; number++)
            id = $"{name} ({number})";
        return id;
    }
}
