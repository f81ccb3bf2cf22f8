using Kalm.Completion;
using Kalm.Graph;
using Kalm.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Routes;

/// <summary>What the graph holds.</summary>
/// <param name="Entities">The number of entities that are there.</param>
/// <param name="Facts">The number of facts of all splits, and of those accepted since.</param>
/// <param name="Splits">The facts of each split; added are those accepted since.</param>
/// <param name="Relations">The relations, in the graph's order.</param>
/// <param name="Types">What kinds of things there are, the most frequent first; none where the graph does not say.</param>
/// <param name="Examples">Entities to begin with: of each of the most frequent types, or else of all, those with the most facts.</param>
internal sealed record GraphResponse(
    int Entities, int Facts, IReadOnlyDictionary<string, int> Splits, IReadOnlyList<GraphRelation> Relations,
    IReadOnlyList<GraphType> Types, IReadOnlyList<GraphExample> Examples);

/// <summary>A relation of the graph.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its words from head to tail.</param>
/// <param name="InverseText">Its words from tail to head.</param>
/// <param name="Facts">How many facts of train it has.</param>
internal sealed record GraphRelation(string Id, string Text, string InverseText, int Facts);

/// <summary>A kind of thing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Entities">How many entities are of it.</param>
internal sealed record GraphType(string Name, int Entities);

/// <summary>An entity to begin with.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="Relation">The relation that train holds most facts of it in.</param>
/// <param name="Facts">How many facts of train it is in.</param>
internal sealed record GraphExample(EntityName Entity, RelationAnswer Relation, int Facts);

/// <summary><c>/v1/graph</c>.</summary>
internal sealed class GraphRoute(ModelHost host)
{
    private const int MostTypes = 40;
    private const int TypesShown = 6;
    private const int ExamplesShown = 12;
    private volatile Counted? counted;

    /// <summary>Answers.</summary>
    public async Task Answer(HttpContext context)
    {
        var served = await host.Current(context.RequestAborted);
        var (graph, catalog) = (served.Graph, served.Catalog);
        var (relations, types, examples) = counted ??= Counted.Of(graph);
        var added = catalog.Reviewed.All.Count(fact => fact.IsAccepted);
        await Wire.Write(context, new GraphResponse(
            catalog.Count, graph.Train.Count + graph.Valid.Count + graph.Test.Count + added,
            new Dictionary<string, int>
            {
                ["train"] = graph.Train.Count, ["valid"] = graph.Valid.Count, ["test"] = graph.Test.Count, [FactSplits.Added] = added,
            },
            relations, types,
            [.. examples.Where(entity => !catalog.IsHidden(entity)).Select(entity => new GraphExample(
                EntityName.Of(catalog[entity]), RelationAnswer.Of(graph, Counted.MostOf(graph, entity)),
                graph.TrainFacts.FactsOf(entity).Relations.Length))]));
    }

    /// <summary>What stays as the graph's files tell it, counted once.</summary>
    private sealed record Counted(IReadOnlyList<GraphRelation> Relations, IReadOnlyList<GraphType> Types, IReadOnlyList<int> Examples)
    {
        public static Counted Of(KnowledgeGraph graph)
        {
            var facts = graph.Train.CountBy(fact => fact.Relation).ToDictionary();
            var types = graph.Entities.SelectMany(entity => entity.Types).CountBy(type => type)
                .OrderByDescending(type => type.Value).ThenBy(type => type.Key, StringComparer.Ordinal).Take(MostTypes).ToList();
            var byFacts = Enumerable.Range(0, graph.Entities.Count)
                .Select(entity => (Entity: entity, Facts: graph.TrainFacts.FactsOf(entity).Relations.Length))
                .Where(item => item.Facts > 0).OrderByDescending(item => item.Facts).ThenBy(item => item.Entity)
                .Select(item => item.Entity);
            var shown = types.Count == 0 ? byFacts.Take(ExamplesShown)
                : byFacts.GroupBy(entity => graph.Entities[entity].Types is [var type, ..] ? type : null)
                    .Where(group => group.Key is not null)
                    .OrderByDescending(group => group.Count()).Take(TypesShown).SelectMany(group => group.Take(ExamplesShown / TypesShown));
            return new Counted(
                [.. graph.Relations.Take(graph.RelationCount).Select((relation, number) => new GraphRelation(
                    relation.Id, relation.Text, graph.DirectedRelationText(graph.InverseOf(number)), facts.GetValueOrDefault(number)))],
                [.. types.Select(type => new GraphType(type.Key, type.Value))], [.. shown]);
        }

        public static int MostOf(KnowledgeGraph graph, int entity)
        {
            var relations = graph.TrainFacts.FactsOf(entity).Relations.ToArray();
            return relations.CountBy(relation => relation).MaxBy(count => count.Value).Key;
        }
    }
}
