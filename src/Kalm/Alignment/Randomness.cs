using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kalm.Alignment;

/// <summary>Random draws that depend on the seed, the purpose and a count alone, never on what was drawn before: a resumed run draws what
/// an uninterrupted one does, with nothing to save.</summary>
public static class Randomness
{
    /// <summary>A generator for one purpose at one count.</summary>
    public static Random For(long seed, string purpose, long count) => new((int)Seed(seed, purpose, count));

    /// <summary>A seed for one purpose at one count.</summary>
    public static long Seed(long seed, string purpose, long count)
    {
        var text = Encoding.UTF8.GetBytes($"{seed}/{purpose}/{count}");
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(text)) & long.MaxValue;
    }
}
