using System.Security.Cryptography;
using System.Text;

namespace Kalm.Language.Sources.Hub;

/// <summary>Computes the name that the hub gives a content: of 64 hexadecimal digits the SHA-256, of 40 the SHA-1 of a git blob. Other
/// names, which mirrors may give, say nothing about the content.</summary>
internal sealed class HubContentHash : IDisposable
{
    private readonly string tag;
    private readonly IncrementalHash? hash;

    public HubContentHash(string tag, long size)
    {
        this.tag = tag;
        if (!tag.All(char.IsAsciiHexDigitLower))
            return;
        if (tag.Length == 64)
            hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (tag.Length != 40)
            return;
        hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {size}\0"));
    }

    public void Append(ReadOnlySpan<byte> data) => hash?.AppendData(data);

    /// <summary>What the content's name is when it is not the expected one, else null. To be asked once, at the end.</summary>
    public string? Mismatch() => hash is not null && Convert.ToHexStringLower(hash.GetHashAndReset()) is var found && found != tag
        ? found : null;

    public void Dispose() => hash?.Dispose();
}
