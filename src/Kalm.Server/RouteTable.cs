using Kalm.Server.Http;
using Kalm.Server.Routes;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server;

/// <summary>Every route of the server.</summary>
internal sealed class RouteTable
{
    private readonly string description;

    /// <summary>Makes the routes.</summary>
    public RouteTable(ModelHost host, ServerOptions options, ServerMetrics metrics)
    {
        var (entities, facts, models) = (new EntityRoutes(host, options), new FactRoutes(host, options), new ModelsRoute(host, options));
        var (rerank, graph) = (new RerankRoute(host, options), new GraphRoute(host));
        var unchanged = new RouteParameter("If-Match", "ETags that the entity must have; any when absent");
        Routes =
        [
            new("GET", "/health", "Whether all requests are answered: 200, or 503 until the index is ready",
                new HealthRoute(host, options).Answer)
            {
                Response = typeof(HealthResponse), IsAlwaysOpen = true, IsPublic = true,
            },
            new("GET", "/", "The page, where a person explores what the model believes", PageRoute.Answer)
            {
                MediaType = "text/html", IsAlwaysOpen = true,
            },
            new("GET", "/page/{part}", "A part of the page", PageRoute.Answer) { MediaType = "*/*", IsAlwaysOpen = true },
            new("GET", "/openapi.json", "This document", Describe) { MediaType = "application/json", IsAlwaysOpen = true },
            new("GET", "/metrics", "What the server counts, in Prometheus' text format", new MetricsRoute(metrics).Answer)
            {
                MediaType = "text/plain", IsAlwaysOpen = true, IsPublic = options.HasOpenMetrics,
            },
            new("GET", "/v1/limits", "What one client may ask for", new LimitsRoute(host, options).Answer)
            {
                Response = typeof(LimitsResponse),
            },
            new("GET", "/v1/models", "The model that is served, by each of its names", models.List) { Response = typeof(ModelsResponse) },
            new("GET", "/v1/models/{**id}", "The model, if it has the name", models.Find) { Response = typeof(ModelAnswer) },
            new("GET", "/v1/graph", "What the graph holds: counts, relations, types, and entities to begin with", graph.Answer)
            {
                Response = typeof(GraphResponse),
            },
            new("POST", "/v1/complete", "Predicts the part of a triple that is missing: two of head, relation and tail are given",
                new CompleteRoute(host, options).Answer)
            {
                Request = typeof(CompleteRequest), Response = typeof(CompleteResponse),
            },
            new("POST", "/v1/verify", "Tells whether a triple is true, false or unknown, how sure that is, and why",
                new VerifyRoute(host, options).Answer)
            {
                Request = typeof(VerifyRequest), Response = typeof(VerifyResponse),
            },
            new("GET", "/v1/suggestions", "Facts that the graph seems to lack, those most worth a look first",
                new SuggestRoute(host, options).Answer)
            {
                Response = typeof(SuggestionsResponse),
                Query =
                [
                    new("relation", "only facts of this relation, by id or text; may be given several times"),
                    new("limit", "how many are wanted", IsNumber: true),
                    new("queries", "how many questions are asked to find them", IsNumber: true),
                    new("seed", "decides which entities are asked about", IsNumber: true),
                ],
            },
            new("GET", "/v1/entities", "Finds entities by words, or lists all of them by their ids", entities.List)
            {
                Response = typeof(EntitiesResponse),
                Query =
                [
                    new("search",
                        "part of a name or an id; where too few have it, also other names, misspelled ones, words of descriptions"),
                    new("limit", "how many are wanted", IsNumber: true),
                    new("after", "of all, the page behind this id: what next said"),
                ],
            },
            new("POST", "/v1/entities", "Adds an entity by its text; it can be asked for and found from the next request on", entities.Add)
            {
                Request = typeof(AddEntityRequest), Response = typeof(EntityAnswer), Status = StatusCodes.Status201Created,
            },
            new("GET", "/v1/entities/{id}", "All about an entity: its text, what is known of it, what is predicted", entities.Find)
            {
                Response = typeof(EntityResponse),
                Query =
                [
                    new("limit", "how many known facts are wanted", IsNumber: true),
                    new("skip", "how many of them are left out first", IsNumber: true),
                    new("relation", "only known facts of this relation, by id or text; its inverse text means those read backwards"),
                    new("predict", "how many predictions a relation; 0 for none", IsNumber: true),
                ],
                Headers = [new("If-None-Match", "ETags that are had already: such an answer is left out, with 304")],
            },
            new("PUT", "/v1/entities/{id}",
                "Gives an entity another name or text, if it still is what If-Match names; brings one of the graph back that was deleted",
                entities.Edit)
            {
                Request = typeof(EditEntityRequest), Response = typeof(EntityAnswer), Headers = [unchanged],
            },
            new("DELETE", "/v1/entities/{id}",
                "Deletes an entity, if it still is what If-Match names: one of the graph is hidden, what was added takes its facts along",
                entities.Delete)
            {
                Status = StatusCodes.Status204NoContent, Headers = [unchanged],
            },
            new("GET", "/v1/facts", "Lists the facts that were accepted or rejected, in that order", facts.List)
            {
                Response = typeof(FactsResponse),
                Query =
                [
                    new("limit", "how many are wanted", IsNumber: true), new("after", "the page behind this id: what next said"),
                    new("since", "those from this time on, such as 2026-01-31T12:00:00Z"),
                ],
            },
            new("POST", "/v1/facts", "Accepts a fact, which is known from the next request on", facts.Accept)
            {
                Request = typeof(FactRequest), Response = typeof(FactAnswer), Status = StatusCodes.Status201Created,
            },
            new("POST", "/v1/facts/rejections", "Rejects a fact, which is not proposed from the next request on", facts.Reject)
            {
                Request = typeof(FactRequest), Response = typeof(FactAnswer), Status = StatusCodes.Status201Created,
            },
            new("DELETE", "/v1/facts/{id}", "Takes back that a fact was accepted or rejected", facts.Delete)
            {
                Status = StatusCodes.Status204NoContent,
            },
            new("GET", "/v1/facts/export", "All accepted facts, as a file that can be read as a graph again", facts.Export)
            {
                Query = [new("format", "tsv, jsonl, nt or ttl; tsv when absent")], MediaType = "*/*",
            },
            new("POST", "/v1/embeddings", "Vectors of texts, as OpenAI's clients ask for them: the entity view",
                new EmbeddingsRoute(host, options).Answer)
            {
                Request = typeof(EmbeddingsRequest), Response = typeof(EmbeddingsResponse),
            },
            .. RerankRoute.Paths.Select(path => new Route("POST", path,
                "Orders texts by how well they answer a query, as the clients of Jina, Cohere and text-embeddings-inference ask",
                rerank.Answer)
            {
                Request = typeof(RerankRequest), Response = typeof(RerankResponse),
            }),
            new("POST", "/v1/chat/completions", "Continues a chat, as OpenAI's clients ask for it; with stream, as server-sent events. "
                + "A question that the graph answers is answered from it, its facts as annotations of type kalm_fact; grounding "
                + "false leaves it to the model",
                new ChatRoute(host, options).Answer)
            {
                Request = typeof(ChatRequest), Response = typeof(ChatResponse), Event = typeof(ChatChunk),
            },
            new("POST", "/v1/completions",
                "Continues texts as they stand, as OpenAI's clients ask for it; with stream, as server-sent events",
                new CompletionsRoute(host, options).Answer)
            {
                Request = typeof(CompletionRequest), Response = typeof(CompletionResponse), Event = typeof(CompletionResponse),
            },
            new("POST", "/v1/responses", "Answers in the shape of OpenAI's responses; with stream, as server-sent events",
                new ResponsesRoute(host, options).Answer)
            {
                Request = typeof(ResponseRequest), Response = typeof(ResponseAnswer), Event = typeof(ResponseEvent),
            },
        ];
        description = OpenApiDocument.Of(Routes, options.ApiKey is not null).ToJsonString();
    }

    /// <summary>The routes.</summary>
    public IReadOnlyList<Route> Routes { get; }

    private Task Describe(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(description, context.RequestAborted);
    }
}
