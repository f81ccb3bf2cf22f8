using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Tests.Graph;
using TorchSharp;

namespace Kalm.Tests.Evaluation.Vectors;

public sealed class VectorEncodingTests : IDisposable
{
    private const int PortionTokens = 100;
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;
    private readonly TextIndex texts;
    private readonly long[] queries;
    private readonly DisposeScope scope;

    public VectorEncodingTests()
    {
        NativeEngine.Initialize();
        scope = torch.NewDisposeScope();
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        texts = new TextIndex(graph, model.Wording);
        queries = new QueryViews(graph, texts, graph.Test).Texts;
    }

    [Fact]
    public void However_often_it_is_interrupted_the_bytes_are_the_same()
    {
        using (var whole = Open("whole", texts.Descriptions.Count))
            Encode(whole);
        var lives = 0;
        for (var isDone = false; !isDone; lives++)
        {
            using var file = Open("parts", texts.Descriptions.Count);
            using var end = new CancellationTokenSource();
            var before = file.Done;
            // The process does other work between, and each life ends within its second portion.
            Encoder.Encode(model.Decoder, new Forest(texts, [lives], []).Rows, null, TestContext.Current.CancellationToken).Dispose();
            try
            {
                Encode(file, new Told(_ =>
                {
                    if (file.Done > before)
                        end.Cancel();
                }), end);
                isDone = true;
            }
            catch (OperationCanceledException)
            {
                Assert.InRange(file.Done, before + 1, file.Count - 1);
            }
        }
        Assert.True(lives > 5, $"{lives}");
        Assert.Equal(File.ReadAllBytes(folder.File("whole/rows.f32")), File.ReadAllBytes(folder.File("parts/rows.f32")));
    }

    [Fact]
    public void Vectors_are_those_of_one_encoding_in_the_order_of_the_texts()
    {
        var forest = new Forest(texts, Enumerable.Range(0, texts.Descriptions.Count), queries);
        var together = Encoder.Encode(model.Decoder, forest.Rows, null, TestContext.Current.CancellationToken);
        using var entities = Open("entities", texts.Descriptions.Count);
        Encode(entities);
        using var asked = Open("queries", queries.Length);
        VectorEncoding.Queries(asked, model.Decoder, texts, queries, null, TestContext.Current.CancellationToken, PortionTokens);
        Near(together, Enumerable.Range(0, entities.Count).Select(forest.EntityRead), entities);
        Near(together, queries.Select(forest.QueryRead), asked);
    }

    [Fact]
    public void Progress_tells_texts_and_tokens_from_where_it_goes_on()
    {
        var reports = new List<EvaluationProgress>();
        using var file = Open("told", texts.Descriptions.Count);
        Encode(file, new Told(reports.Add));
        Assert.Equal((0, 0L), (reports[0].Done, reports[0].Tokens));
        Assert.Equal(file.Count, reports[^1].Done);
        Assert.Equal(new Forest(texts, Enumerable.Range(0, file.Count), []).TokenCount, reports[^1].Tokens);
        Assert.Equal(reports.Select(report => report.Done).Order(), reports.Select(report => report.Done));
        Assert.Equal(reports.Select(report => report.Tokens).Distinct().Order(), reports.Select(report => report.Tokens));
    }

    private void Encode(VectorFile file, Told? progress = null, CancellationTokenSource? end = null) => VectorEncoding.Entities(
        file, model.Decoder, texts, progress, end?.Token ?? TestContext.Current.CancellationToken, PortionTokens);

    private VectorFile Open(string name, int count) => VectorFile.Open(folder.File(name), "key", count, model.Model.Config.HiddenSize);

    private static void Near(torch.Tensor together, IEnumerable<int> reads, VectorFile file)
    {
        var expected = together.index_select(0, torch.tensor(reads.Select(read => (long)read).ToArray())).data<float>().ToArray();
        foreach (var (left, right) in expected.Zip(file.Read(0, file.Count).contiguous().data<float>().ToArray()))
            Assert.Equal(left, right, 1e-5f);
    }

    public void Dispose()
    {
        scope.Dispose();
        model.Dispose();
        files.Dispose();
        folder.Dispose();
    }

    private sealed class Told(Action<EvaluationProgress> take) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => take(value);
    }
}
