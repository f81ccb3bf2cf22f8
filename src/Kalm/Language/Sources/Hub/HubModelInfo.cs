using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>What the hub says of a model at a revision.</summary>
/// <param name="Name">The id the hub knows it by, which differs from what was asked for when it was renamed.</param>
/// <param name="Commit">The commit that the revision means now.</param>
/// <param name="Files">Its files.</param>
internal sealed record HubModelInfo(string Name, string Commit, IReadOnlyList<HubFile> Files)
{
    /// <summary>Reads the answer to <c>/api/models/{id}/revision/{revision}?blobs=true</c>.</summary>
    /// <exception cref="HubFailure">It is not such an answer, or names what could not be a file of a repository.</exception>
    public static HubModelInfo Read(ReadOnlyMemory<byte> json, HubModelId id, Uri address)
    {
        HubFailure NotTheHub(string found) => new(
            $"{address.Host}: found {found}, expected what the hub says of {id.Repository}; is HF_ENDPOINT a hub's address?");
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "sha") is not { } commit || !HubCache.IsCommit(commit))
                throw NotTheHub("no commit");
            if (!root.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array)
                throw NotTheHub("no list of files");
            var files = new List<HubFile>();
            foreach (var sibling in siblings.EnumerateArray())
            {
                if (sibling.ValueKind != JsonValueKind.Object || Text(sibling, "rfilename") is not { } name)
                    throw NotTheHub("a file without a name");
                // A name that no file system of ours takes is none that is needed; a list may well hold some.
                if (HubModelIdText.IsSafeFile(name))
                    files.Add(new HubFile(name, sibling.TryGetProperty("size", out var size) && size.ValueKind == JsonValueKind.Number
                        && size.TryGetInt64(out var bytes) ? bytes : null));
            }
            return new HubModelInfo(Text(root, "id") ?? Text(root, "modelId") ?? id.Repository, commit, files);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw NotTheHub(json.Length == 0 ? "nothing"
                : FileFault.Quote(System.Text.Encoding.UTF8.GetString(json.Span[..Math.Min(json.Length, 40)])));
        }
    }

    private static string? Text(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
