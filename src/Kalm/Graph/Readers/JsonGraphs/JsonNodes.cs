using System.Text.Json;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Reads nodes: those of a list, and those that stand where a fact has its head or tail.</summary>
/// <param name="graph">Takes them.</param>
/// <param name="file">The file, for messages.</param>
internal sealed class JsonNodes(GraphBuilder graph, string file)
{
    private readonly NodeProperties properties = new(graph, file);
    private readonly DeclaredNodes declared = new(graph, file);
    private readonly KeyUses uses = new(graph, file);
    private readonly List<Property> taken = [];
    private readonly List<int> inOrder = [];

    /// <summary>Whether there is one list of nodes, so that edges may name them by their places.</summary>
    public bool HasOneList { get; set; } = true;

    /// <summary>Whether the file lists its nodes, so that a number is one of them.</summary>
    public bool AreListed => inOrder.Count > 0;

    /// <summary>Reads a node of a list.</summary>
    /// <param name="node">An object, or an id alone.</param>
    /// <param name="key">The id where the list is an object of nodes by their ids; else null.</param>
    /// <param name="place">Where it stands.</param>
    public void Declare(JsonElement node, string? key, Place place)
    {
        if (IdOf(node, key, out var isName) is not { } id)
        {
            graph.Bad(place, $"a node without an id ({Described(node)}); expected an object with id or name, or a text");
            return;
        }
        if (id.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
        {
            graph.Bad(place, "a tab or a line end in the id of a node; expected an id on one line");
            return;
        }
        // Without ids, names need not tell nodes apart: edges then count them.
        if (isName && graph.Entities.TryFind(id, out var known) && declared.Holds(known))
        {
            taken.Add(new Property("name", id));
            id = $"{id} ({inOrder.Count})";
        }
        var entity = graph.Entities.FindOrAdd(id, out _);
        declared.Declare(entity, place);
        inOrder.Add(entity);
        properties.Set(entity, taken);
    }

    /// <summary>The id of what stands where a fact has its head or tail.</summary>
    /// <param name="value">A text, a number, or an object that describes the node.</param>
    /// <returns>Null when it names nothing.</returns>
    public string? Endpoint(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            if (IdOf(value, null, out _) is not { } described)
                return null;
            var entity = graph.Entities.FindOrAdd(described, out _);
            NoteNamed(entity);
            properties.Set(entity, taken);
            return described;
        }
        var id = JsonText.Of(value);
        if (string.IsNullOrWhiteSpace(id) || inOrder.Count == 0)
            return id;
        if (graph.Entities.TryFind(id, out var found))
        {
            NoteNamed(found);
            return id;
        }
        if (HasOneList && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0
            && number < inOrder.Count)
        {
            uses.Tell("numbers at the ends of edges", "places in the list of nodes, counted from 0");
            return graph.Entities.Id(inOrder[number]);
        }
        NoteNamed(graph.Entities.FindOrAdd(id, out _));
        return id;
    }

    /// <summary>Tells what was remarkable.</summary>
    public void Finish()
    {
        properties.Finish();
        declared.Finish();
    }

    private void NoteNamed(int entity)
    {
        if (AreListed)
            declared.Name(entity);
    }

    // The id; what else is said of the node is left in the list of properties.
    private string? IdOf(JsonElement node, string? key, out bool isName)
    {
        taken.Clear();
        isName = false;
        if (node.ValueKind != JsonValueKind.Object)
            return JsonText.Of(node) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;
        foreach (var member in node.EnumerateObject())
            JsonText.Flatten(member.Name, member.Value, taken);
        var (best, least) = (-1, int.MaxValue);
        for (var index = 0; index < taken.Count && key is null; index++)
            if (EntityKeys.RankOfId(Heading.Key(taken[index].Key)) is >= 0 and var rank && rank < least
                && !string.IsNullOrWhiteSpace(taken[index].Value))
                (best, least) = (index, rank);
        if (key is not null)
            return key;
        if (best < 0)
            return null;
        var id = taken[best].Value;
        var name = Heading.Key(taken[best].Key);
        isName = EntityKeys.RankOfName(name) >= 0;
        uses.Tell(taken[best].Key, isName ? "id and name of the entity" : "id of the entity");
        taken.RemoveAt(best);
        return id;
    }

    private static string Described(JsonElement node) => node.ValueKind == JsonValueKind.Object
        ? $"keys {string.Join(", ", node.EnumerateObject().Take(8).Select(member => $"'{member.Name}'"))}" : JsonText.NameOf(node);
}
