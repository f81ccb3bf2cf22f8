using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Server;
using Kalm.Server.Http;
using Kalm.Server.Routes;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Kalm.Mcp;

/// <summary>The tools: each asks what a route of the server asks, of the same engine.</summary>
/// <param name="host">The model.</param>
/// <param name="options">What is served.</param>
/// <param name="patience">How long a call waits for the model or the index before it is told that it is not there.</param>
/// <param name="log">Takes failures that nobody foresaw.</param>
internal sealed class GraphTools(ModelHost host, ServerOptions options, TimeSpan patience, ILogger log)
{
    private const int DefaultExplanations = 5;
    private const int MostExplanations = 10;
    private const int MostTexts = 256;
    private const int NearNames = 5;
    private const string Part = "an entity's id or name, or a text that describes one the graph does not hold";
    private const string RelationWords =
        "a relation's id or text (resource kalm://relations lists them); its inverse text reads it backwards";

    private readonly EntityRoutes entities = new(host, options);
    private readonly FactRoutes facts = new(host, options);
    private readonly CompleteRoute complete = new(host, options);
    private readonly VerifyRoute verify = new(host, options);
    private readonly int most = options.Limits.Answers;

    /// <summary>The tools.</summary>
    /// <param name="isWriting">Whether those that change what is kept are among them.</param>
    public IEnumerable<McpServerTool> Of(bool isWriting) => isWriting ? [.. Reading(), .. Writing()] : Reading();

    /// <summary>Waits for what a call needs, as long as it may; whether it is there then is told by what needs it.</summary>
    /// <param name="needsIndex">Whether it needs the index, and not the model alone.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task Ready(bool needsIndex, CancellationToken cancellation) =>
        await (needsIndex ? host.Ready : host.Loaded).WaitAsync(patience, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private IEnumerable<McpServerTool> Reading() =>
    [
        Tool<SearchEntitiesRequest, EntitiesResponse>(new(
            "search_entities", "Search entities",
            "Finds entities of the knowledge graph whose name or id holds the words, the best match first; without words, lists all of "
                + "them in pages. Call it first to learn the id of what you want to ask about.",
            [
                new("search", ArgumentKind.Text, "part of a name or an id; leave it out to list all"),
                Count("limit", "how many are wanted", entities.MostFound, 1, most),
                new("after", ArgumentKind.Text, "the page of all behind this id: what next said; not together with search"),
            ]),
            (request, cancellation) => entities.List(
                request.Search, request.After, Checks.Number("limit", request.Limit, entities.MostFound, 1, most), cancellation)),
        Tool<GetEntityRequest, EntityResponse>(new(
            "get_entity", "Get an entity",
            "Tells all about one entity: its text, the facts that the graph holds of it, and facts that the model predicts by relation. "
                + "A prediction is only sure enough to be stated where its verdict is true; unknown is a guess.",
            [
                new("entity", ArgumentKind.Text, "its id or name") { IsRequired = true },
                Count("limit", "how many known facts are wanted", most, 0, most),
                Count("predict", "how many predictions a relation; 0 for none", EntityRoutes.DefaultPredictions, 0,
                    EntityRoutes.MostPredictions),
            ]),
            About),
        Tool<CompleteRequest, CompleteResponse>(new(
            "complete_triple", "Complete a triple",
            "Predicts the missing part of a triple (head, relation, tail): give exactly two of them. The answers are ranked; each says "
                + "whether the graph knows the fact (known, split), how likely it is to be the answer (probability), how likely the fact "
                + "is true (fact_probability) and what is said of it (verdict): true is stated, unknown is not sure enough to be stated. "
                + "A head or tail whose id is null in the answer was not found and taken as a free text.",
            [
                new("head", ArgumentKind.Text, Part), new("relation", ArgumentKind.Text, RelationWords),
                new("tail", ArgumentKind.Text, Part),
                Count("top", "how many answers are wanted", Math.Min(CompleteRoute.DefaultTop, most), 1, most),
                Count("explain", "how many training facts each answer comes with", CompleteRoute.DefaultExplanations, 0,
                    CompleteRoute.MostExplanations),
                Flag("rerank", "whether the run's re-ranker orders the best entities; refused where there is none", false),
                Flag("known", "whether known facts are wanted among the answers", true),
                Flag("facts", "whether each answer tells how sure the fact is", true),
                Flag("strict_types", "whether only entities are wanted that are such as the relation has there in the graph", false),
            ]),
            complete.Of),
        Tool<VerifyRequest, VerifyResponse>(new(
            "verify_triple", "Verify a triple",
            "Tells whether a triple is true, false or unknown (verdict), how probable it is, and why. split names the part of the graph "
                + "that holds it, null when none does. Give head, relation and tail, or a sentence as text.",
            [
                new("head", ArgumentKind.Text, Part), new("relation", ArgumentKind.Text, RelationWords),
                new("tail", ArgumentKind.Text, Part),
                new("text", ArgumentKind.Text, "a sentence that states the triple, in place of head, relation and tail"),
                Count("explain", "how many training facts it comes with", VerifyRoute.DefaultExplanations, 0,
                    VerifyRoute.MostExplanations),
            ]),
            verify.Of),
        Tool<ExplainRequest, ExplainResponse>(new(
            "explain", "Explain a triple",
            "Tells why the model believes a triple or not: what speaks for and against it in words, facts of the graph that exclude it, "
                + "and the training facts that are most like it. verify_triple gives the verdict.",
            [
                new("head", ArgumentKind.Text, Part) { IsRequired = true },
                new("relation", ArgumentKind.Text, RelationWords) { IsRequired = true },
                new("tail", ArgumentKind.Text, Part) { IsRequired = true },
                Count("limit", "how many training facts are wanted", DefaultExplanations, 1, MostExplanations),
            ]),
            Explain),
        Tool<EmbedTextsRequest, EmbedTextsResponse>(new(
            "embed_texts", "Embed texts",
            "Gives the vectors of texts as the model sees entities, of unit length: the inner product of two is their cosine. Each text is "
                + "read whole.",
            [
                new("texts", ArgumentKind.Texts, "the texts") { IsRequired = true, Least = 1, Most = TextsAtOnce },
            ])
        {
            NeedsIndex = false,
        }, Embed),
    ];

    private IEnumerable<McpServerTool> Writing() =>
    [
        Tool<AddEntityRequest, EntityAnswer>(new(
            "add_entity", "Add an entity",
            "Adds an entity to the graph by its text, for everyone and over a restart; it can be asked for and found from then on. Search "
                + "first whether it is there already.",
            [
                new("text", ArgumentKind.Text, "what the model reads: a description that begins with the name, then a comma")
                {
                    IsRequired = true,
                },
                new("name", ArgumentKind.Text, "what people call it; the text up to its first comma when left out"),
                new("id", ArgumentKind.Text, "its id; made from the name when left out"),
            ])
        {
            IsWriting = true, IsIdempotent = false,
        }, async (request, cancellation) => EntityAnswer.Of((await entities.Add(request, cancellation)).Added)),
        Tool<FactRequest, FactAnswer>(new(
            "propose_fact", "Propose a fact",
            "Puts a fact into the log of reviewed facts as accepted: it counts as known from then on, for everyone and over a restart, and "
                + "people find it there by the id that is answered, to take it back. Both entities must be in the graph. Verify it first.",
            [
                new("head", ArgumentKind.Text, "an entity's id or name") { IsRequired = true },
                new("relation", ArgumentKind.Text, RelationWords) { IsRequired = true },
                new("tail", ArgumentKind.Text, "an entity's id or name") { IsRequired = true },
            ])
        {
            IsWriting = true,
        }, (request, cancellation) => facts.Review(request, ChangeKind.FactAccepted, cancellation)),
    ];

    private int TextsAtOnce => Math.Min(MostTexts, options.Limits.Inputs);

    private EngineTool<TRequest, TResponse> Tool<TRequest, TResponse>(
        ToolText text, Func<TRequest, CancellationToken, Task<TResponse>> answer) where TRequest : StrictRequest =>
        new(text, Ready, answer, log);

    private static ToolArgument Count(string name, string summary, int fallback, int least, int most) =>
        new(name, ArgumentKind.Number, summary) { Least = least, Most = most, Default = JsonValue.Create(fallback) };

    private static ToolArgument Flag(string name, string summary, bool fallback) =>
        new(name, ArgumentKind.Flag, summary) { Default = JsonValue.Create(fallback) };

    private async Task<EntityResponse> About(GetEntityRequest request, CancellationToken cancellation)
    {
        var words = Checks.Text("entity", request.Entity, options.Limits);
        var facts = Checks.Number("limit", request.Limit, most, 0, most);
        var predictions = Checks.Number(
            "predict", request.Predict, EntityRoutes.DefaultPredictions, 0, EntityRoutes.MostPredictions);
        var served = await host.Current(cancellation);
        var found = ApiException.Checking("entity", () => served.Catalog.Find(words)).Entity ?? throw Missing(served.Catalog, words);
        return await EntityRoutes.About(served, found, new KnownRange(facts), predictions, cancellation);
    }

    private static ApiException Missing(Catalog catalog, string words)
    {
        var near = words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(words)
            .SelectMany(word => catalog.Search(word, NearNames)).Distinct().Take(NearNames)
            .Select(number => $"'{catalog[number].Id}'").ToList();
        return ApiException.Missing("entity", $"there is no entity '{words}'; expected the id or the name of one"
            + (near.Count > 0 ? $", such as {string.Join(", ", near)}" : "; search_entities finds them by words"));
    }

    private async Task<ExplainResponse> Explain(ExplainRequest request, CancellationToken cancellation)
    {
        var limit = Checks.Number("limit", request.Limit, DefaultExplanations, 1, MostExplanations);
        var verified = await verify.Of(new VerifyRequest(request.Head, request.Relation, request.Tail, null, limit), cancellation);
        return new ExplainResponse(
            verified.Head, verified.Relation, verified.Tail, verified.For, verified.Against, verified.Contradictions, verified.Explanation);
    }

    private async Task<EmbedTextsResponse> Embed(EmbedTextsRequest request, CancellationToken cancellation)
    {
        var given = request.Texts!;
        if (given.Count is 0 || given.Count > TextsAtOnce)
            throw ApiException.Bad("texts", $"found {given.Count} texts; expected 1..{TextsAtOnce}", "too_many_inputs");
        var served = host.Served;
        var texts = new WholeTexts(served.Model, options.Limits);
        var views = given.Select((text, index) => texts.View("texts", $"texts[{index}]", text, [])).ToList();
        var vectors = new List<float[]>(views.Count);
        await foreach (var vector in served.EncodeAll(views, cancellation))
            vectors.Add(vector);
        return new EmbedTextsResponse(options.ModelName, served.Width, views.Sum(view => view.Description.Length), vectors);
    }
}
