using System.Security.Cryptography;
using Kalm.Files;

namespace Kalm.Language.Sources;

/// <summary>The identity of a model's weights.</summary>
public static class SourceHash
{
    private const int Chunk = 1 << 20;

    /// <summary>SHA-256 over the bytes of the base's files, one after the other in the order of their names, in hexadecimal.</summary>
    /// <exception cref="KalmException">A file cannot be read.</exception>
    public static string Of(IModelSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Of(source.Files);
    }

    /// <summary>SHA-256 over the bytes of files, one after the other.</summary>
    /// <exception cref="KalmException">A file cannot be read.</exception>
    internal static string Of(IEnumerable<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Chunk];
        foreach (var file in files)
        {
            try
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
                while (stream.Read(buffer) is > 0 and var count)
                    hash.AppendData(buffer.AsSpan(0, count));
            }
            catch (Exception error) when (FileFault.Is(error))
            {
                throw FileFault.At(file, "read", error);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
