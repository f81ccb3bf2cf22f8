using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Kalm.Graph;

/// <summary>Hashes what decides a result, so that a run or a cache can tell whether it still fits the graph.</summary>
internal sealed class GraphFingerprint : IDisposable
{
    private const int FlushAt = 1 << 16;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte> pending = new(FlushAt + 4096);

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

    public void Dispose() => hash.Dispose();

    private void Add(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        pending.AddRange(bytes);
        if (pending.Count >= FlushAt)
            Flush();
    }

    private void Add(string text)
    {
        // The length goes first, so that no two sequences of texts run together into the same bytes.
        var bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        pending.AddRange(bytes);
    }

    private void Flush()
    {
        hash.AppendData(CollectionsMarshal.AsSpan(pending));
        pending.Clear();
    }

    private string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
