using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Kalm.Graph;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Representation;

namespace Kalm.Evaluation.Vectors;

/// <summary>Names the vectors of a graph's texts: SHA-256 over everything that decides them (weights, adapter, architecture, tokenizer,
/// texts, wording).</summary>
public static class VectorKey
{
    // Raised when the same model gives other vectors, or the same in another order.
    private const string Format = "kalm vectors 1";
    private static readonly string[] DecidingFiles = [ModelConfig.FileName, "tokenizer.json", "tokenizer.model", "tokenizer_config.json"];

    private static readonly string[] DecidingOfAdapter =
        [AdapterConfig.FileName, AdapterConfig.WeightsName, "tokenizer.json", "tokenizer.model", "tokenizer_config.json"];

    /// <summary>The key, in hexadecimal. Reads all weights.</summary>
    /// <exception cref="KalmException">A file of the model cannot be read.</exception>
    public static string Of(OpenedModel model, KnowledgeGraph graph)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(graph);
        return Of([
            Format, SourceHash.Of(model.Source), .. Files(model.Source.Base.Place, DecidingFiles),
            .. model.AdapterFolder is { } adapter ? Files(adapter, DecidingOfAdapter) : [],
            graph.TextsFingerprint(), Json.Text(model.Settings.Wording, SettingsJson.Shared.WordingOptions),
            .. model.Settings.VectorLayer is { } layer ? new[] { $"layer {layer}" } : [],
        ]);
    }

    /// <summary>The key of queries, numbered as in <see cref="TextIndex.QueryText"/>, of the same model and graph.</summary>
    internal static string OfQueries(string key, long[] queryTexts) =>
        Of([key, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<long>(queryTexts)))]);

    /// <summary>SHA-256 (lower-case hex) of some texts in their order, none of which runs into the next.</summary>
    public static string Of(IEnumerable<string> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<string> Files(string folder, IEnumerable<string> names) => names.Select(name =>
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? SourceHash.Of([path]) : "";
    });
}
