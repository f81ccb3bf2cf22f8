using Kalm.Server;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Kalm.Mcp;

/// <summary>What the protocol offers of a model and its graph, whatever carries it.</summary>
internal static class GraphProtocol
{
    private const string Instructions = "A knowledge graph and a model aligned with it. Facts are triples: head, relation, tail. "
        + "search_entities finds ids, the resource kalm://relations lists the relations. Say of an answer only what its verdict says: true "
        + "is stated, unknown is a guess that the graph does not hold.";

    /// <summary>Fills in what is offered.</summary>
    /// <param name="protocol">What is filled.</param>
    /// <param name="host">The model.</param>
    /// <param name="options">What is served.</param>
    /// <param name="isWriting">Whether tools that change what is kept are offered.</param>
    /// <param name="patience">How long a request waits for the model or the index before it is told that it is not there.</param>
    /// <param name="log">Takes failures that nobody foresaw.</param>
    public static void Offer(
        McpServerOptions protocol, ModelHost host, ServerOptions options, bool isWriting, TimeSpan patience, ILogger log)
    {
        var tools = new GraphTools(host, options, patience, log);
        var resources = new GraphResources(host, options, tools.Ready);
        protocol.ServerInfo = new Implementation
        {
            Name = "kalm", Title = "Kalm", Version = typeof(GraphProtocol).Assembly.GetName().Version!.ToString(3),
        };
        protocol.ServerInstructions = Instructions;
        protocol.ToolCollection = [.. tools.Of(isWriting)];
        protocol.Handlers.ListResourcesHandler = Logging<ListResourcesRequestParams, ListResourcesResult>(resources.List, log);
        protocol.Handlers.ListResourceTemplatesHandler = GraphResources.Templates;
        protocol.Handlers.ReadResourceHandler = Logging<ReadResourceRequestParams, ReadResourceResult>(resources.Read, log);
        protocol.Handlers.CompleteHandler = Logging<CompleteRequestParams, CompleteResult>(resources.Complete, log);
    }

    private static McpRequestHandler<TParams, TResult> Logging<TParams, TResult>(
        McpRequestHandler<TParams, TResult> handler, ILogger log) =>
        async (request, cancellation) =>
        {
            try
            {
                return await handler(request, cancellation);
            }
            catch (Exception error) when (error is not (McpException or OperationCanceledException))
            {
                ServerLog.RequestFailed(log, request.JsonRpcRequest.Method, "/", error);
                throw;
            }
        };
}
