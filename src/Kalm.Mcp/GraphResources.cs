using System.Text;
using System.Text.Json;
using Kalm.Server;
using Kalm.Server.Http;
using Kalm.Server.Routes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using CompleteResult = ModelContextProtocol.Protocol.CompleteResult;
using Suggestions = ModelContextProtocol.Protocol.Completion;

namespace Kalm.Mcp;

/// <summary>A relation of the graph.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its words from head to tail.</param>
/// <param name="InverseText">Its words from tail to head.</param>
internal sealed record RelationTexts(string Id, string Text, string InverseText);

/// <summary>The relations of the graph.</summary>
internal sealed record RelationsAnswer(IReadOnlyList<RelationTexts> Relations);

/// <summary>What can be read without a tool: every entity under <c>kalm://entity/{id}</c>, its id percent-encoded, and the relations under
/// <c>kalm://relations</c>; each as JSON and as a text.</summary>
/// <param name="host">The model.</param>
/// <param name="options">What is served.</param>
/// <param name="ready">Waits for the index, as long as a request may wait.</param>
internal sealed class GraphResources(ModelHost host, ServerOptions options, Func<bool, CancellationToken, Task> ready)
{
    private const string Relations = "kalm://relations";
    private const string OfEntities = "kalm://entity/";
    private const string Template = OfEntities + "{id}";
    private const string IdArgument = "id";
    private const string Json = "application/json";
    private const string PlainText = "text/plain";

    // What the protocol lets a completion hold.
    private const int MostSuggestions = 100;
    private const int DescriptionCharacters = 200;

    // Clients that read all pages give up behind some dozens of them.
    private const int MostPages = 50;

    /// <summary>A page: the relations first, then the entities by their ids. The cursor is the id before the next page.</summary>
    public async ValueTask<ListResourcesResult> List(RequestContext<ListResourcesRequestParams> request, CancellationToken cancellation)
    {
        var (after, catalog) = (request.Params?.Cursor, (await Served(cancellation)).Catalog);
        var most = Math.Max(options.Limits.Answers, (catalog.Count + MostPages - 1) / MostPages);
        var found = catalog.Page(after, most + 1);
        var resources = found.Take(most).Select(number => Of(catalog[number]));
        return new ListResourcesResult
        {
            Resources = [.. after is null ? resources.Prepend(new Resource
            {
                Uri = Relations, Name = "relations", Title = "Relations", MimeType = Json,
                Description = "The relations of the graph: id, text and inverse text",
            }) : resources],
            NextCursor = found.Count > most ? catalog[found[most - 1]].Id : null,
        };
    }

    /// <summary>The form of an entity's address.</summary>
    public static ValueTask<ListResourceTemplatesResult> Templates(
        RequestContext<ListResourceTemplatesRequestParams> request, CancellationToken cancellation) =>
        ValueTask.FromResult(new ListResourceTemplatesResult
        {
            ResourceTemplates =
            [
                new ResourceTemplate
                {
                    UriTemplate = Template, Name = "entity", Title = "Entity", MimeType = Json,
                    Description = "An entity by its percent-encoded id: its text and what the graph knows of it",
                },
            ],
        });

    /// <summary>The content of an address.</summary>
    public async ValueTask<ReadResourceResult> Read(RequestContext<ReadResourceRequestParams> request, CancellationToken cancellation)
    {
        var address = request.Params?.Uri ?? "";
        var served = await Served(cancellation);
        if (address == Relations)
            return Read(address, RelationsOf(served), RelationsText);
        var id = address.StartsWith(OfEntities, StringComparison.Ordinal) ? Uri.UnescapeDataString(address[OfEntities.Length..]) : null;
        if (id is null || served.Catalog.WithId(id) is not { } number)
            throw new McpProtocolException(id is null
                ? $"uri: found '{address}'; expected {Relations} or {Template}"
                : $"uri: there is no entity '{id}'; resources/list names all",
                McpErrorCode.ResourceNotFound);
        return Read(address, await EntityRoutes.About(served, number, new KnownRange(options.Limits.Answers), 0, cancellation), EntityText);
    }

    /// <summary>Ids of entities for the template, by the words that there are of one.</summary>
    public async ValueTask<CompleteResult> Complete(RequestContext<CompleteRequestParams> request, CancellationToken cancellation)
    {
        if (request.Params is not { Ref: ResourceTemplateReference { Uri: Template }, Argument: { Name: IdArgument, Value: var words } })
            throw new McpProtocolException(
                $"ref: expected the resource {Template} and its argument {IdArgument}", McpErrorCode.InvalidParams);
        var catalog = (await Served(cancellation)).Catalog;
        var found = string.IsNullOrWhiteSpace(words)
            ? catalog.Page(null, MostSuggestions + 1) : catalog.Search(words, MostSuggestions + 1);
        return new CompleteResult
        {
            Completion = new Suggestions
            {
                Values = [.. found.Take(MostSuggestions).Select(number => catalog[number].Id)], HasMore = found.Count > MostSuggestions,
            },
        };
    }

    private async Task<ServedModel> Served(CancellationToken cancellation)
    {
        await ready(true, cancellation);
        try
        {
            var served = await host.Current(cancellation);
            _ = served.Completer;
            return served;
        }
        catch (ApiException error)
        {
            throw new McpProtocolException(error.Message, error, McpErrorCode.InternalError);
        }
    }

    private static Resource Of(Graph.Entity entity) => new()
    {
        Uri = OfEntities + Uri.EscapeDataString(entity.Id), Name = entity.Id, Title = entity.Name, MimeType = Json,
        Description = entity.Description.Length <= DescriptionCharacters
            ? entity.Description : entity.Description[..DescriptionCharacters] + "…",
    };

    private static ReadResourceResult Read<T>(string address, T value, Func<T, string> words) => new()
    {
        Contents =
        [
            new TextResourceContents { Uri = address, MimeType = Json, Text = JsonSerializer.Serialize(value, Wire.Options) },
            new TextResourceContents { Uri = address, MimeType = PlainText, Text = words(value) },
        ],
    };

    private static RelationsAnswer RelationsOf(ServedModel served) => new([.. served.Graph.Relations.Select((relation, index) =>
        new RelationTexts(relation.Id, relation.Text, served.Graph.DirectedRelationText(served.Graph.InverseOf(index))))]);

    private static string RelationsText(RelationsAnswer answer) => string.Concat(answer.Relations.Select(
        relation => $"{relation.Id}: {relation.Text}; inverse: {relation.InverseText}\n"));

    private static string EntityText(EntityResponse entity)
    {
        var text = new StringBuilder($"{entity.Name} ({entity.Id})\n{entity.Text}\n");
        foreach (var fact in entity.Known)
            text.Append($"{fact.Relation.Text}: {fact.Entity.Name}\n");
        if (entity.KnownTotal > entity.Known.Count)
            text.Append($"{entity.KnownTotal - entity.Known.Count} more facts are known\n");
        return text.ToString();
    }
}
