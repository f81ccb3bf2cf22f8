using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Kalm.Files;

namespace Kalm.Completion;

/// <summary>The vectors of texts that came by changes, kept beside the index so that nobody who shares it encodes a text again. A record
/// is the SHA-256 of the text, the vector (F32) and the first bytes of the SHA-256 of both; what is not sound is not read. Only what was
/// read since <see cref="Forget"/> is held.</summary>
/// <param name="path">The file, which need not be there.</param>
/// <param name="width">The number of values in a vector.</param>
internal sealed class TextVectors(string path, int width)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "changed.vectors";

    private const int SealLength = 8;
    private readonly int recordLength = SHA256.HashSizeInBytes + width * sizeof(float) + SealLength;
    private readonly Dictionary<BigInteger, float[]> held = [];
    private readonly List<byte[]> unsaved = [];
    private long end;

    /// <summary>The vector of a text; null when none is at hand.</summary>
    public float[]? Of(string text) => held.GetValueOrDefault(KeyOf(HashOf(text)));

    /// <summary>Reads what was written since.</summary>
    public void Follow()
    {
        try
        {
            if (!File.Exists(path))
                return;
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var record = new byte[recordLength];
            for (stream.Position = end; end + recordLength <= stream.Length; end += recordLength)
            {
                stream.ReadExactly(record);
                var told = record.AsSpan(..^SealLength);
                if (SHA256.HashData(told).AsSpan(..SealLength).SequenceEqual(record.AsSpan(^SealLength..)))
                    held[KeyOf(told[..SHA256.HashSizeInBytes])] =
                        MemoryMarshal.Cast<byte, float>(told[SHA256.HashSizeInBytes..]).ToArray();
            }
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // What cannot be read is encoded.
        }
    }

    /// <summary>Holds a vector, to be saved.</summary>
    public void Add(string text, float[] vector)
    {
        var hash = HashOf(text);
        byte[] told = [.. hash, .. MemoryMarshal.AsBytes(vector)];
        unsaved.Add([.. told, .. SHA256.HashData(told)[..SealLength]]);
        held[KeyOf(hash)] = vector;
    }

    /// <summary>Appends what was added since to the file; where that fails, it will be encoded again. For the one who has the log's
    /// lock.</summary>
    public void Save()
    {
        try
        {
            if (unsaved.Count == 0)
                return;
            using var stream = new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            // What a writer that was killed left of its record.
            stream.SetLength(stream.Length / recordLength * recordLength);
            stream.Position = stream.Length;
            stream.Write(unsaved.SelectMany(record => record).ToArray());
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // As above.
        }
        unsaved.Clear();
    }

    /// <summary>The same for one who has no lock and does not wait for it.</summary>
    public void TrySave(string lockPath)
    {
        try
        {
            using var taken = unsaved.Count == 0 ? null : FileLock.TryTake(lockPath);
            if (taken is not null)
                Save();
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // A folder in which nothing can be written.
        }
    }

    /// <summary>Lets go of what is held.</summary>
    public void Forget() => held.Clear();

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static BigInteger KeyOf(ReadOnlySpan<byte> hash) => new(hash, isUnsigned: true);
}
