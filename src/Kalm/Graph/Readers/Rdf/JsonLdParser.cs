using System.Buffers;
using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads JSON-LD, expanded or compacted: one object, an array of them, or one behind another. The nodes of the outer array, and
/// those of a graph in it, are read one by one; only what is said beside a graph is looked up beforehand.</summary>
/// <param name="input">The file, and what takes its statements.</param>
internal sealed class JsonLdParser(RdfInput input) : IRdfParser
{
    private const string Graph = "@graph";
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 256 };
    private int line = 1;

    /// <inheritdoc/>
    public void Read()
    {
        try
        {
            var heads = Heads();
            var root = new JsonLdContext(input.Base, Fault);
            var nodes = new JsonLdNodes(Take, Fault);
            Walk((stream, number) =>
            {
                if (heads.TryGetValue(number, out var head))
                    ReadGraph(stream, head.RootElement, root, nodes);
                else
                    ReadNode(stream, root, nodes, null);
            });
        }
        catch (JsonException problem)
        {
            var words = problem.Message;
            var place = words.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw input.Fault((int)(problem.LineNumber ?? 0) + 1,
                $"found no JSON: {(place > 0 ? words[..place] : words).TrimEnd('.')}; expected JSON-LD").Told(problem);
        }
        catch (InvalidOperationException problem)
        {
            throw NoText().Told(problem);
        }
    }

    // Goes over the outermost objects, be they in an array or not, each with its number.
    private void Walk(Action<JsonStream, int> visit)
    {
        using var stream = new JsonStream(input);
        var number = 0;
        while (stream.Peek() is var token and not JsonTokenType.None)
        {
            if (token != JsonTokenType.StartArray)
            {
                visit(stream, number++);
                continue;
            }
            stream.Read();
            while (stream.Peek() is not (JsonTokenType.EndArray or JsonTokenType.None))
                visit(stream, number++);
            stream.Read();
        }
    }

    // What the outermost objects that have a graph say beside it: the context and the graph's name may stand behind it.
    private Dictionary<int, JsonDocument> Heads()
    {
        var withGraph = new HashSet<int>();
        Walk((stream, number) =>
        {
            if (IsObject(stream))
                while (stream.Read() == JsonTokenType.PropertyName)
                {
                    if (stream.Property == Graph)
                        withGraph.Add(number);
                    stream.SkipValue();
                }
        });
        var heads = new Dictionary<int, JsonDocument>();
        if (withGraph.Count > 0)
            Walk((stream, number) =>
            {
                if (!withGraph.Contains(number))
                    stream.SkipValue();
                else if (IsObject(stream))
                    heads[number] = Head(stream);
            });
        return heads;
    }

    private static bool IsObject(JsonStream stream)
    {
        if (stream.Peek() == JsonTokenType.StartObject)
            return stream.Read() == JsonTokenType.StartObject;
        stream.SkipValue();
        return false;
    }

    private static JsonDocument Head(JsonStream stream)
    {
        var made = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(made))
        {
            writer.WriteStartObject();
            while (stream.Read() == JsonTokenType.PropertyName)
            {
                if (stream.Property == Graph)
                {
                    stream.SkipValue();
                    continue;
                }
                writer.WritePropertyName(stream.Property);
                using var value = stream.ReadValue();
                value.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return JsonDocument.Parse(made.WrittenMemory, Deep);
    }

    private void ReadGraph(JsonStream stream, JsonElement head, JsonLdContext root, JsonLdNodes nodes)
    {
        stream.Read();
        line = stream.Line;
        JsonLdContext context;
        StoredTerm? name;
        try
        {
            context = JsonLdNodes.ContextOf(head, root);
            // A graph beside which nothing is said is the default graph.
            name = head.EnumerateObject().All(property => property.Name == "@context") ? null : nodes.Read(head, root, null);
        }
        catch (RdfFault fault)
        {
            input.Report(fault);
            while (stream.Read() == JsonTokenType.PropertyName)
                stream.SkipValue();
            return;
        }
        while (stream.Read() == JsonTokenType.PropertyName)
        {
            if (stream.Property != Graph)
            {
                stream.SkipValue();
            }
            else if (stream.Peek() != JsonTokenType.StartArray)
            {
                ReadNode(stream, context, nodes, name);
            }
            else
            {
                stream.Read();
                while (stream.Peek() is not (JsonTokenType.EndArray or JsonTokenType.None))
                    ReadNode(stream, context, nodes, name);
                stream.Read();
            }
        }
    }

    private void ReadNode(JsonStream stream, JsonLdContext context, JsonLdNodes nodes, StoredTerm? graph)
    {
        using var value = stream.ReadValue();
        line = stream.Line;
        var node = value.RootElement;
        try
        {
            if (node.ValueKind != JsonValueKind.Object)
                throw Fault($"found {JsonLdContext.Kind(node)}; expected a node, an object");
            var own = JsonLdNodes.ContextOf(node, context);
            if (graph is null && own.HasAliases && IsOnlyGraph(node, own))
                foreach (var item in node.EnumerateObject().Where(property => property.Name != "@context")
                    .SelectMany(property => JsonLdNodes.Items(property.Value)).Where(item => item.ValueKind == JsonValueKind.Object))
                    nodes.Read(item, own, null);
            else
                nodes.Read(node, context, graph);
        }
        catch (RdfFault fault)
        {
            input.Report(fault);
        }
        catch (InvalidOperationException)
        {
            input.Report(NoText());
        }
    }

    // A graph under another name, and nothing beside it.
    private static bool IsOnlyGraph(JsonElement node, JsonLdContext context) => node.EnumerateObject().All(
        property => property.Name == "@context" || context.Expand(property.Name, isVocabulary: true) == Graph);

    private RdfFault NoText() => Fault("found a text that is not of Unicode; expected UTF-8, and escapes of whole characters");

    private RdfFault Fault(string problem) => input.Fault(line, problem);

    private void Take(StoredTerm subject, string predicate, StoredTerm value, StoredTerm? graph) => input.Sink.Take(new RdfStatement(
        subject.Term, predicate, value.Term, graph is null ? default : graph.Term, line));
}
