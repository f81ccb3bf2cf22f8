using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kalm.Graph;

/// <summary>Hashes what decides a result, so that a run or a cache can tell whether it still fits the graph.</summary>
internal sealed class GraphFingerprint : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] pending = new byte[1 << 16];
    private int length;

    public static string OfTriples(KnowledgeGraph graph)
    {
        using var fingerprint = new GraphFingerprint();
        foreach (var split in new[] { graph.Train, graph.Valid, graph.Test })
        {
            fingerprint.Add(split.Count);
            foreach (var triple in split)
            {
                fingerprint.Add(graph.Entities[triple.Head].Id);
                fingerprint.Add(graph.Relations[triple.Relation].Id);
                fingerprint.Add(graph.Entities[triple.Tail].Id);
            }
        }
        return fingerprint.Finish();
    }

    public static string OfTexts(KnowledgeGraph graph)
    {
        using var fingerprint = new GraphFingerprint();
        fingerprint.Add(graph.Entities.Count);
        foreach (var entity in graph.Entities)
        {
            fingerprint.Add(entity.Name);
            fingerprint.Add(entity.Description);
        }
        fingerprint.Add(graph.Relations.Count);
        foreach (var relation in graph.Relations)
        {
            fingerprint.Add(relation.Text);
            fingerprint.Add(relation.InverseText);
        }
        return fingerprint.Finish();
    }

    /// <summary>Null where no entity has a type.</summary>
    public static string? OfTypes(KnowledgeGraph graph)
    {
        if (graph.Entities.All(entity => entity.Types.Count == 0))
            return null;
        using var fingerprint = new GraphFingerprint();
        foreach (var entity in graph.Entities)
        {
            fingerprint.Add(entity.Types.Count);
            foreach (var type in entity.Types)
                fingerprint.Add(type);
        }
        return fingerprint.Finish();
    }

    public void Dispose() => hash.Dispose();

    private void Add(int number)
    {
        MakeRoom(sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(pending.AsSpan(length), number);
        length += sizeof(int);
    }

    private void Add(string text)
    {
        // The length goes first, so that no two sequences of texts run together into the same bytes.
        Add(Encoding.UTF8.GetByteCount(text));
        MakeRoom(Encoding.UTF8.GetMaxByteCount(text.Length));
        length += Encoding.UTF8.GetBytes(text, pending.AsSpan(length));
    }

    private void MakeRoom(int bytes)
    {
        if (pending.Length - length >= bytes)
            return;
        Flush();
        if (pending.Length < bytes)
            pending = new byte[bytes];
    }

    private void Flush()
    {
        hash.AppendData(pending, 0, length);
        length = 0;
    }

    private string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
