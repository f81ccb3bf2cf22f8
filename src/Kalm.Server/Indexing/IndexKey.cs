using System.Security.Cryptography;
using System.Text;
using Kalm.Graph;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Representation;

namespace Kalm.Server.Indexing;

/// <summary>Names the index of a model over a graph: SHA-256 over everything that decides a vector (weights, adapter, architecture,
/// tokenizer, texts, wording) and the calibration (triples).</summary>
internal static class IndexKey
{
    // Raised when the content of an index changes.
    private const string Format = "kalm index 1";
    private static readonly string[] DecidingFiles = [ModelConfig.FileName, "tokenizer.json", "tokenizer.model", "tokenizer_config.json"];

    /// <summary>The key, in hexadecimal.</summary>
    public static string Of(OpenedModel model, KnowledgeGraph graph)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(Format);
        Add(SourceHash.Of(model.Source));
        foreach (var name in DecidingFiles)
            AddFile(Path.Combine(model.Source.Base.Place, name));
        if (model.AdapterFolder is { } adapter)
            foreach (var name in new[]
            {
                AdapterConfig.FileName, AdapterConfig.WeightsName, "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
            })
                AddFile(Path.Combine(adapter, name));
        Add(graph.TextsFingerprint());
        Add(graph.Fingerprint());
        Add(Json.Text(model.Settings.Wording));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        void AddFile(string path)
        {
            if (!File.Exists(path))
            {
                Add("");
                return;
            }
            using var stream = File.OpenRead(path);
            Add(Convert.ToHexStringLower(SHA256.HashData(stream)));
        }
    }
}
