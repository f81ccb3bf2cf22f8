using System.Text.Json;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Evaluation.Vectors.Formats;
using Kalm.Representation;
using Parquet;

namespace Kalm.Tests.Evaluation.Vectors;

/// <summary>Large exports come in parts; here the parts are small.</summary>
public class ExportPartsTests
{
    [Fact]
    public async Task Bodies_and_groups_of_rows_are_bounded_and_hold_every_row_once()
    {
        NativeEngine.Initialize();
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 1);
        var width = model.Model.Config.HiddenSize;
        using var store = EmbeddingStore.Open(
            folder.File("store"), "key", width, graph, new TextIndex(graph, model.Wording), null);
        store.Encode(model.Decoder, null, TestContext.Current.CancellationToken);
        var reports = new List<EvaluationProgress>();
        var table = ExportTable.OfEntities(store) with { Progress = new Told(reports.Add) };

        QdrantUpload.Write(folder.Path, table, _ => ["animal"], bodyBytes: 4000);
        var bodies = File.ReadAllLines(folder.File("points.jsonl"));
        Assert.True(bodies.Length > 10, $"{bodies.Length}");
        Assert.All(bodies, body => Assert.InRange(body.Length, 1, 5000));
        Assert.Equal(Enumerable.Range(0, table.Count), bodies.SelectMany(body =>
            JsonDocument.Parse(body).RootElement.GetProperty("points").EnumerateArray().Select(point => point.GetProperty("id").GetInt32())));
        Assert.Equal((table.Count, table.Count), (reports[^1].Done, reports[^1].Total));

        var path = folder.File("entities.parquet");
        ParquetVectors.Write(path, table, numbersOfGroup: 7 * width);
        await using var stream = File.OpenRead(path);
        await using var reader = await ParquetReader.CreateAsync(
            stream, cancellationToken: TestContext.Current.CancellationToken);
        var ids = new List<string>();
        for (var index = 0; index < reader.RowGroupCount; index++)
        {
            using var group = reader.OpenRowGroupReader(index);
            var part = new string[group.RowCount];
            Assert.InRange(part.Length, 1, 7);
            await group.ReadAsync(reader.Schema.GetDataFields()[0], part, cancellationToken: TestContext.Current.CancellationToken);
            ids.AddRange(part);
        }
        Assert.Equal(graph.Entities.Select(entity => entity.Id), ids);
    }

    private sealed class Told(Action<EvaluationProgress> take) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => take(value);
    }
}
