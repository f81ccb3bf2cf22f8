using System.Globalization;
using System.Numerics;
using System.Text;
using Parquet;
using Parquet.Schema;

namespace Kalm.Graph.Readers.Columnar;

/// <summary>A Parquet file as rows of texts, a group of rows at a time. Lists and structures have no text and are no columns.</summary>
internal sealed class ParquetTable : IDisposable
{
    // What a file of some bytes may claim to hold, so that a damaged one does not ask for all memory: repeated values take next to
    // nothing, so the counts that the file states in several places are compared as well.
    private const long RowsPerByte = 4096;
    private const string Signature = "PAR1";
    private readonly GraphFile file;
    private readonly Stream stream;
    private readonly ParquetReader reader;
    private readonly DataField[] fields;

    private ParquetTable(GraphFile file, Stream stream, ParquetReader reader)
    {
        (this.file, this.stream, this.reader) = (file, stream, reader);
        var all = reader.Schema.GetDataFields();
        fields = Array.FindAll(all, field => field.MaxRepetitionLevel == 0 && field.Path.Length == 1 && IsReadable(field.ClrType));
        Nested = [.. all.Except(fields).Select(field => field.Path.ToString().Replace('/', '.')).Distinct()];
    }

    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> Names => Array.ConvertAll(fields, column => column.Name);

    /// <summary>The names of lists, structures and other columns that have no text.</summary>
    public IReadOnlyList<string> Nested { get; }

    /// <summary>Whether a file begins as a Parquet file does.</summary>
    public static bool Is(GraphFile file) => file.Head.StartsWith(Encoding.ASCII.GetBytes(Signature));

    /// <summary>Opens a file.</summary>
    /// <exception cref="KalmException">It is damaged.</exception>
    public static ParquetTable Open(GraphFile file)
    {
        var stream = new EndingStream(file.OpenSeekable());
        try
        {
            ParquetFooter.Check(stream);
            return new ParquetTable(file, stream, ParquetReader.CreateAsync(stream).GetAwaiter().GetResult());
        }
        catch (Exception problem) when (problem is not KalmException)
        {
            stream.Dispose();
            throw file.Damaged(problem);
        }
    }

    /// <summary>The rows, each with a text for every column, null where there is none, and where it stands.</summary>
    /// <exception cref="KalmException">The file is damaged.</exception>
    public IEnumerable<(string?[] Row, Place Place)> Rows()
    {
        var number = 0;
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            var columns = ReadGroup(group, out var rows);
            for (var row = 0; row < rows; row++)
                yield return (Array.ConvertAll(columns, column => column[row]), new Place(file.Shown, ++number));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        stream.Dispose();
    }

    private string?[][] ReadGroup(int index, out int rows)
    {
        try
        {
            using var group = reader.OpenRowGroupReader(index);
            if (group.RowCount < 0 || group.RowCount > Math.Min(Array.MaxLength, RowsPerByte * stream.Length))
                throw new InvalidDataException($"{group.RowCount:N0} rows in {stream.Length:N0} bytes");
            foreach (var field in fields)
                if (group.GetMetadata(field)?.MetaData?.NumValues is { } values && values != group.RowCount)
                    throw new InvalidDataException($"{values:N0} values of '{field.Name}' for {group.RowCount:N0} rows");
            var count = rows = (int)group.RowCount;
            return Array.ConvertAll(fields, field => Read(group, field, count));
        }
        catch (Exception problem) when (problem is not KalmException)
        {
            throw file.Damaged(problem);
        }
    }

    private static string?[] Read(ParquetRowGroupReader group, DataField field, int rows)
    {
        var type = field.ClrType;
        if (type == typeof(ReadOnlyMemory<char>))
        {
            var texts = new string?[rows];
            group.ReadAsync(field, texts!).AsTask().GetAwaiter().GetResult();
            return texts;
        }
        if (type == typeof(ReadOnlyMemory<byte>))
        {
            var bytes = new byte[]?[rows];
            group.ReadAsync(field, bytes!).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(bytes, value => value is null ? null : Encoding.UTF8.GetString(value));
        }
        return type == typeof(bool) ? Of<bool>(value => value ? "true" : "false")
            : type == typeof(sbyte) ? Of<sbyte>(Invariant)
            : type == typeof(byte) ? Of<byte>(Invariant)
            : type == typeof(short) ? Of<short>(Invariant)
            : type == typeof(ushort) ? Of<ushort>(Invariant)
            : type == typeof(int) ? Of<int>(Invariant)
            : type == typeof(uint) ? Of<uint>(Invariant)
            : type == typeof(long) ? Of<long>(Invariant)
            : type == typeof(ulong) ? Of<ulong>(Invariant)
            : type == typeof(float) ? Of<float>(Invariant)
            : type == typeof(double) ? Of<double>(Invariant)
            : type == typeof(decimal) ? Of<decimal>(Invariant)
            : type == typeof(BigInteger) ? Of<BigInteger>(Invariant)
            : type == typeof(Guid) ? Of<Guid>(value => value.ToString())
            : type == typeof(DateOnly) ? Of<DateOnly>(value => value.ToString("O", CultureInfo.InvariantCulture))
            : type == typeof(TimeOnly) ? Of<TimeOnly>(value => value.ToString("O", CultureInfo.InvariantCulture))
            : type == typeof(TimeSpan) ? Of<TimeSpan>(value => value.ToString("c", CultureInfo.InvariantCulture))
            : Of<DateTime>(value => value.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture));

        string?[] Of<T>(Func<T, string> write)
            where T : struct
        {
            if (!field.IsNullable)
            {
                var values = new T[rows];
                group.ReadAsync<T>(field, values).AsTask().GetAwaiter().GetResult();
                return Array.ConvertAll(values, value => (string?)write(value));
            }
            var found = new T?[rows];
            group.ReadAsync<T>(field, found).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(found, value => value is { } present ? write(present) : null);
        }

        static string Invariant<T>(T value)
            where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
    }

    private static bool IsReadable(Type type) => type == typeof(ReadOnlyMemory<char>) || type == typeof(ReadOnlyMemory<byte>)
        || type == typeof(bool)
        || type == typeof(sbyte) || type == typeof(byte) || type == typeof(short) || type == typeof(ushort) || type == typeof(int)
        || type == typeof(uint) || type == typeof(long) || type == typeof(ulong) || type == typeof(float) || type == typeof(double)
        || type == typeof(decimal) || type == typeof(BigInteger) || type == typeof(Guid) || type == typeof(DateOnly)
        || type == typeof(TimeOnly) || type == typeof(TimeSpan) || type == typeof(DateTime);
}
