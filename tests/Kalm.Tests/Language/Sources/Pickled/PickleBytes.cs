using System.IO.Compression;
using System.Text;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Pickled;

/// <summary>Archives like those of torch.save around pickles made by hand, opcode by opcode.</summary>
internal static class PickleBytes
{
    /// <summary>Pushes a storage of eight floats, 0 to 7, under the key 0.</summary>
    public const string Storage = "(X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0008tQ";

    /// <summary>Each character is a byte.</summary>
    public static byte[] Of(string opcodes) => Encoding.Latin1.GetBytes(opcodes);

    /// <summary>A dictionary with the tensor w: what it is made of after its storage.</summary>
    public static string Tensor(
        string offset = "K\0", string shape = "K\u0002\u0085", string strides = "K\u0001\u0085", string storage = Storage) =>
        $"\u0080\u0002}}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n({storage}{offset}{shape}{strides}"
            + "\u0089ccollections\nOrderedDict\n)RtRs.";

    public static Dictionary<string, byte[]> Eight { get; } =
        new() { ["0"] = [.. Enumerable.Range(0, 8).SelectMany(n => BitConverter.GetBytes((float)n))] };

    /// <summary>The archive of a dictionary that holds the tensors of a safetensors file, in F32.</summary>
    public static byte[] Of(SafetensorsFile file)
    {
        var pickle = new StringBuilder("\u0080\u0002}");
        var storages = new Dictionary<string, byte[]>();
        foreach (var entry in file.Tensors.Values)
        {
            var values = new float[entry.ElementCount];
            file.ReadSingles(entry, 0, values);
            var key = $"{storages.Count}";
            storages.Add(key, [.. values.SelectMany(BitConverter.GetBytes)]);
            var strides = entry.Shape.Select((_, at) => entry.Shape.Skip(at + 1).Aggregate(1L, (product, size) => product * size));
            pickle.Append(
                $"{Text(entry.Name)}ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\n"
                    + $"{Text(key)}{Text("cpu")}")
                .Append(
                    $"{Number(values.Length)}tQK\0({string.Concat(entry.Shape.Select(Number))}t({string.Concat(strides.Select(Number))}t")
                .Append("\u0089ccollections\nOrderedDict\n)RtRs");
        }
        return Archive(Of(pickle.Append('.').ToString()), storages);
    }

    private static string Number(long number) => "J" + Latin(BitConverter.GetBytes((int)number));

    private static string Text(string text) => "X" + Latin(BitConverter.GetBytes(text.Length)) + text;

    private static string Latin(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    public static byte[] Archive(string opcodes) => Archive(Of(opcodes), Eight);

    public static byte[] Archive(
        byte[] pickle, Dictionary<string, byte[]> storages, CompressionLevel level = CompressionLevel.NoCompression)
    {
        var entries = storages.ToDictionary(storage => $"archive/data/{storage.Key}", storage => storage.Value);
        entries["archive/data.pkl"] = pickle;
        return Zip(entries, level);
    }

    public static byte[] Zip(Dictionary<string, byte[]> entries, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var buffer = new MemoryStream();
        using (var archive = new ZipArchive(buffer, ZipArchiveMode.Create))
            foreach (var (name, content) in entries)
            {
                using var stream = archive.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        return buffer.ToArray();
    }

    /// <summary>The pickle of a file, and its storages by their keys.</summary>
    public static (byte[] Pickle, Dictionary<string, byte[]> Storages) Open(byte[] file)
    {
        using var archive = new ZipArchive(new MemoryStream(file));
        var entries = archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using var copy = new MemoryStream();
            using var stream = entry.Open();
            stream.CopyTo(copy);
            return copy.ToArray();
        });
        return (entries.Single(entry => entry.Key.EndsWith("/data.pkl", StringComparison.Ordinal)).Value,
            entries.Where(entry => entry.Key.Contains("/data/", StringComparison.Ordinal))
                .ToDictionary(entry => Path.GetFileName(entry.Key), entry => entry.Value));
    }

    /// <summary>The bytes with one to four faults: others in place of some, some left out, some twice, cut short.</summary>
    public static byte[] Damage(Random random, byte[] sound)
    {
        const string Opcodes =
            "().0123NRQabceghjqrstu}]KMJGXCB\u0080\u0081\u0085\u0086\u0087\u0088\u0089\u008a\u008c\u008f\u0090\u0091\u0093\u0094\u0095";
        List<byte> bytes = [.. sound];
        for (var fault = random.Next(1, 5); fault > 0; fault--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = (byte)Opcodes[random.Next(Opcodes.Length)];
                    break;
                case 2:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3 when bytes.Count > length + 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 4:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 5:
                    for (var i = 0; i < Math.Min(length, 8); i++)
                        bytes[at + i] = random.Next(2) == 0 ? (byte)0xFF : (byte)0;
                    break;
                case 6 when random.Next(4) == 0 && at > 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    break;
            }
        }
        return [.. bytes];
    }
}
