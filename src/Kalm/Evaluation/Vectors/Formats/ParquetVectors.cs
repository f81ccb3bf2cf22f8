using Kalm.Files;
using Parquet;
using Parquet.Schema;

namespace Kalm.Evaluation.Vectors.Formats;

/// <summary>Writes a Parquet file: the words as columns of texts, and <c>vector</c>, a list of F32.</summary>
internal static class ParquetVectors
{
    // A group of rows is built in memory.
    private const int UsualNumbers = 1 << 22;
    private const int MostRows = 1 << 14;

    /// <summary>Writes the table.</summary>
    /// <param name="path">The file, replaced when it exists.</param>
    /// <param name="table">What to write.</param>
    /// <param name="numbersOfGroup">Numbers of vectors in a group of rows, at most, or one vector.</param>
    public static void Write(string path, ExportTable table, int numbersOfGroup = UsualNumbers) => AtomicFile.Write(
        path, stream => Write(stream, table, numbersOfGroup).GetAwaiter().GetResult());

    private static async Task Write(Stream stream, ExportTable table, int numbersOfGroup)
    {
        var words = table.Columns.Select(name => new DataField(name, typeof(string), isNullable: false)).ToArray();
        var numbers = new DataField("element", typeof(float), isNullable: false);
        var schema = new ParquetSchema([.. words, new ListField("vector", numbers)]);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream);
        var (most, width) = (Math.Clamp(numbersOfGroup / table.Vectors.Width, 1, MostRows), table.Vectors.Width);
        foreach (var rows in table.Rows().Chunk(most))
        {
            using var group = writer.CreateRowGroup();
            var cells = Array.ConvertAll(rows, row => table.Words(row));
            foreach (var (index, field) in words.Index())
                await group.WriteAsync(field, Array.ConvertAll(cells, cell => cell[index]));
            var (values, repeats, levels) = (new float[rows.Length * width], new int[rows.Length * width], new int[rows.Length * width]);
            foreach (var (index, row) in rows.Index())
            {
                table.Vector(row).CopyTo(values.AsSpan(index * width));
                // The first number of a list begins it, the others repeat.
                repeats.AsSpan((index * width) + 1, width - 1).Fill(numbers.MaxRepetitionLevel);
            }
            Array.Fill(levels, numbers.MaxDefinitionLevel);
            await group.WriteAllPartsAsync<float>(numbers, values, levels, repeats, table.Cancellation);
        }
    }
}
