using Kalm.Files;

namespace Kalm.Language.Sources.Safetensors;

/// <summary>The rules that the byte ranges of a safetensors file obey: each as long as its shape says, one after the other without
/// holes, from the first byte of the data to the last.</summary>
internal static class SafetensorsLayout
{
    /// <summary>Checks <paramref name="tensors"/> against each other and against the length of the data.</summary>
    public static void Check(IEnumerable<TensorEntry> tensors, long dataLength, string path)
    {
        long previousEnd = 0;
        foreach (var entry in tensors.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            CheckSize(entry, path);
            if (entry.Begin != previousEnd)
            {
                var fault = entry.Begin < previousEnd ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Fault(path, entry.Name, $"{fault}: found begin {entry.Begin}, expected {previousEnd}");
            }
            if (entry.End > dataLength)
                throw Fault(path, entry.Name, $"ends at byte {entry.End} of the data, but the file holds {dataLength}; is it cut short?");
            previousEnd = entry.End;
        }
        if (previousEnd != dataLength)
            throw new KalmException($"{path}: found {dataLength} bytes of data, expected {previousEnd}, where the last tensor ends");
    }

    /// <summary>The bytes that a tensor takes, or null when 63 bits cannot count them.</summary>
    public static long? ByteCount(TensorType type, IReadOnlyList<long> shape)
    {
        try
        {
            var count = 1L;
            for (var dimension = 0; dimension < shape.Count; dimension++)
                count = checked(count * shape[dimension]);
            return checked(count * type.ItemSize());
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>The error that names the file and the tensor.</summary>
    public static KalmException Fault(string path, string name, string fault) =>
        new($"{path}: tensor {FileFault.Quote(name)}: {fault}");

    private static void CheckSize(TensorEntry entry, string path)
    {
        if (entry.End < entry.Begin)
            throw Fault(path, entry.Name, $"data_offsets: ends at {entry.End}, before its begin {entry.Begin}");
        var expected = ByteCount(entry.Type, entry.Shape)
            ?? throw Fault(path, entry.Name, $"the shape {TensorEntry.Describe(entry.Shape)} has more elements than 63 bits can count");
        if (entry.ByteCount != expected)
            throw Fault(path, entry.Name, $"found {entry.ByteCount} bytes, expected {expected} for "
                + $"{entry.Type.SafetensorsName()} {TensorEntry.Describe(entry.Shape)}");
    }
}
