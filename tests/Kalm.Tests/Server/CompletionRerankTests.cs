using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Alignment.Reranking;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Representation;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class CompletionRerankTests(RunningServer server)
{
    private const string Path = "/v1/complete";

    [Fact]
    public async Task Without_a_reranker_the_field_is_refused_with_how_to_make_one()
    {
        var error = await server.Fault(Path, """{"head":"bird8","relation":"kind_of","rerank":true}""", param: "rerank");
        Assert.Contains("align --stage rerank", (string?)error["message"], StringComparison.Ordinal);
        await server.PostWell(Path, JsonNode.Parse("""{"head":"bird8","relation":"kind_of","rerank":false}""")!);
    }

    [Fact]
    public async Task Answers_come_in_the_order_of_the_library()
    {
        var options = new AlignmentOptions
        {
            Method = AlignmentMethod.Full, Threads = 2, Budget = new BudgetOptions { Steps = 5, Validations = 0 },
            Rerank = new RerankOptions { Steps = 5, Queries = 8, Depth = 15, ValidTriples = 20 },
        };
        var run = server.File("reranked");
        AlignmentRun.Execute(new AlignmentInputs(server.Model, server.Graph.Path, run), options, cancellation: RunningServer.Cancellation);
        RerankRun.Execute(OpenedModel.Open(run), server.Graph, new RerankInputs(run, options), cancellation: RunningServer.Cancellation);
        var path = System.IO.Path.Combine(run, Reranker.FolderName, RerankerDescription.FileName);
        Json.Write(path, Json.Read<RerankerDescription>(path) with { Weights = new RerankWeights(1, 0.5, 2) });

        await using var other = await RunningServer.Another(server.Options() with { Model = run });
        using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
        using var completer = Completer.Open(model, server.Graph, cancellation: RunningServer.Cancellation);
        foreach (var triple in server.Graph.Test.Take(4))
        {
            var entity = QueryEntity.Of(server.Graph, triple.Head);
            var expected = completer.Rerank(completer.Entities(entity, triple.Relation, 15), entity, triple.Relation).Take(5).ToList();
            var found = await server.PostWell(Path, new JsonObject
            {
                ["head"] = server.Graph.Entities[triple.Head].Id, ["relation"] = server.Graph.Relations[triple.Relation].Id,
                ["top"] = 5, ["rerank"] = true,
            }, new Uri(other.Urls[0]));
            Assert.Equal(
                expected.Select(candidate => (
                    server.Graph.Entities[candidate.Entity].Id, candidate.Reranked!.Score, candidate.Probability)),
                found["results"]!.AsArray().Select(result =>
                    ((string)result!["id"]!, (double)result["reranked"]!, (double)result["probability"]!)));
        }
    }
}
