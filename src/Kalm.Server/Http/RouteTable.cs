using Kalm.Server.Routes;
using Microsoft.AspNetCore.Http;

namespace Kalm.Server.Http;

/// <summary>Every route of the server.</summary>
internal sealed class RouteTable
{
    private readonly string description;

    /// <summary>Makes the routes.</summary>
    public RouteTable(ModelHost host, ServerOptions options)
    {
        var entities = new EntityRoutes(host, options);
        Routes =
        [
            new("GET", "/health", "Whether requests are answered: 200, or 503 until the index is ready",
                new HealthRoute(host, options).Answer)
            {
                Response = typeof(HealthResponse), IsAlwaysOpen = true, IsPublic = true,
            },
            new("GET", "/", "The page, where a person explores what the model believes", PageRoute.Answer) { IsAlwaysOpen = true },
            new("GET", "/page/{part}", "A part of the page", PageRoute.Answer) { IsAlwaysOpen = true },
            new("GET", "/openapi.json", "This document", Describe) { IsAlwaysOpen = true },
            new("GET", "/v1/models", "The model that is served", new ModelsRoute(options).Answer) { Response = typeof(ModelsResponse) },
            new("POST", "/v1/complete", "Predicts the part of a triple that is missing: two of head, relation and tail are given",
                new CompleteRoute(host, options).Answer)
            {
                Request = typeof(CompleteRequest), Response = typeof(CompleteResponse),
            },
            new("GET", "/v1/entities", "Finds entities by words", entities.Search)
            {
                Response = typeof(EntitiesResponse),
                Query = [new("search", "part of a name or an id"), new("limit", "how many are wanted", IsNumber: true)],
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
                    new("predict", "how many predictions a relation; 0 for none", IsNumber: true),
                ],
            },
            new("POST", "/v1/embeddings", "Vectors of texts, as OpenAI's clients ask for them: the entity view",
                new EmbeddingsRoute(host, options).Answer)
            {
                Request = typeof(EmbeddingsRequest), Response = typeof(EmbeddingsResponse),
            },
            new("POST", "/v1/chat/completions", "Continues a chat, as OpenAI's clients ask for it; with stream, as server-sent events",
                new ChatRoute(host, options).Answer)
            {
                Request = typeof(ChatRequest), Response = typeof(ChatResponse),
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
