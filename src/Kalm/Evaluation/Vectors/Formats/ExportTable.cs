using System.Runtime.InteropServices;
using Kalm.Files;
using Kalm.Graph;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>What an export writes: words beside a vector in every row. Rows that share a vector have it written out for each.</summary>
/// <param name="Name">What its files are called.</param>
/// <param name="Count">The number of rows.</param>
/// <param name="Vectors">The distinct vectors.</param>
/// <param name="VectorOf">Which of them a row has.</param>
/// <param name="Columns">The names of the words.</param>
/// <param name="Words">The words of a row, one for each column.</param>
internal sealed record ExportTable(
    string Name, int Count, VectorFile Vectors, Func<int, int> VectorOf, IReadOnlyList<string> Columns,
    Func<int, IReadOnlyList<string>> Words)
{
    private const int RowsBetweenReports = 4096;

    /// <summary>Told how many rows are written; may be null.</summary>
    public IProgress<EvaluationProgress>? Progress { get; init; }

    /// <summary>Stops between rows.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>A row for every entity: id, name, text.</summary>
    public static ExportTable OfEntities(EmbeddingStore store) => new(
        "entities", store.Graph.Entities.Count, store.Entities, entity => store.Texts.EntityText[entity], ["id", "name", "text"],
        row => store.Graph.Entities[row] is var entity ? [entity.Id, entity.Name, entity.Description] : []);

    /// <summary>A row for every query: head, relation and tail by their ids, and the direction.</summary>
    public static ExportTable OfQueries(EmbeddingStore store)
    {
        var (queries, graph) = (store.Queries!, store.Graph);
        return new("queries", queries.All.Length, store.QueryVectors, queries.VectorOf, ["head", "relation", "tail", "direction"], row =>
        {
            var (triple, side) = queries.All[row];
            return [
                graph.Entities[triple.Head].Id, graph.Relations[triple.Relation].Id, graph.Entities[triple.Tail].Id,
                side == Side.Tail ? "tail" : "head",
            ];
        });
    }

    /// <summary>The vector of a row, in place.</summary>
    public ReadOnlySpan<float> Vector(int row) => Vectors.Row(VectorOf(row));

    /// <summary>The numbers of the rows, for writing them in their order: reports, and stops when it is asked to.</summary>
    public IEnumerable<int> Rows()
    {
        for (var row = 0; row < Count; row++)
        {
            if (row % RowsBetweenReports == 0)
            {
                Cancellation.ThrowIfCancellationRequested();
                Progress?.Report(new EvaluationProgress($"writing {Name}", row, Count));
            }
            yield return row;
        }
        Progress?.Report(new EvaluationProgress($"writing {Name}", Count, Count));
    }

    /// <summary>Writes the vectors one after the other, little-endian F32.</summary>
    public void WriteVectors(Stream stream)
    {
        foreach (var row in Rows())
            stream.Write(MemoryMarshal.AsBytes(Vector(row)));
    }

    /// <summary>Writes a line for every row: its number and some of its words, under a heading.</summary>
    public void WriteWords(string path, params IReadOnlyList<string> columns) => AtomicFile.Write(path, stream =>
    {
        int[] places = [.. columns.Select(name => Columns.Index().Single(column => column.Item == name).Index)];
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(string.Join('\t', ["row", .. columns]));
        for (var row = 0; row < Count; row++)
        {
            var words = Words(row);
            writer.WriteLine(string.Join('\t', [$"{row}", .. places.Select(place => Cell(words[place]))]));
        }
    });

    /// <summary>A text that stays in its cell.</summary>
    private static string Cell(string text) => text.Replace('\t', ' ').ReplaceLineEndings(" ");
}
