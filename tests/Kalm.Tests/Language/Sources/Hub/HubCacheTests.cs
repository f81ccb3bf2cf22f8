using Kalm.Language.Sources.Hub;

namespace Kalm.Tests.Language.Sources.Hub;

/// <summary>Caches that others made.</summary>
public sealed class HubCacheTests : IDisposable
{
    private const string Commit = "2439f60ef33a0d46d85da5001d52aeda5b00ce9f";
    private readonly TemporaryFolder folder = new();

    private HubSettings Offline => new() { CacheFolder = folder.Path, IsOffline = true };

    public void Dispose() => folder.Dispose();

    // As huggingface_hub's documentation draws it.
    [Theory]
    [InlineData("org/name", "models--org--name")]
    [InlineData("gpt2", "models--gpt2")]
    public void A_cache_that_python_made_is_found(string repository, string name)
    {
        folder.Write($"{name}/refs/main", Commit);
        Put(name, "config.json", "7cb18dc9bafbfcf74629a4b760af1b160957a83e", "{}");
        Put(name, "model.safetensors", "403450e234d65943a7dcf7e05a771ce3c92faa84dd07db4ac20f592037a1e4bd", "weights");
        folder.Write($"{name}/.no_exist/{Commit}/generation_config.json", "");
        var snapshot = HubModels.Fetch(new HubModelId(repository), Offline, null, TestContext.Current.CancellationToken);
        Assert.Equal((Commit, folder.File($"{name}/snapshots/{Commit}")), (snapshot.Commit, snapshot.Folder));
        Assert.Empty(snapshot.Warnings);
    }

    [Fact]
    public void A_gguf_file_in_the_cache_is_found_by_name_and_alone()
    {
        folder.Write("models--org--name/refs/main", Commit);
        Put("models--org--name", "Q4/a-Q4_0.gguf", "403450e234d65943a7dcf7e05a771ce3c92faa84dd07db4ac20f592037a1e4bd", "weights");
        foreach (var file in new[] { null, "a-Q4_0.gguf", "Q4_0" })
            Assert.Equal("weights", File.ReadAllText(Find(new HubModelId("org/name", File: file)).Snapshot!.Path));
        Assert.Contains("nearest: Q4/a-Q4_0.gguf", Find(new HubModelId("org/name", File: "a-Q8_0.gguf")).Missing, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_without_all_its_weights_is_none()
    {
        folder.Write("models--org--name/refs/main", Commit);
        Put("models--org--name", "config.json", "7cb18dc9bafbfcf74629a4b760af1b160957a83e", "{}");
        Assert.Contains("no weights", Find(new HubModelId("org/name")).Missing, StringComparison.Ordinal);
        Put("models--org--name", "model.safetensors.index.json", new string('b', 40),
            """{"weight_map":{"a":"model-1-of-1.safetensors"}}""");
        Assert.Equal("model-1-of-1.safetensors is not in the cache", Find(new HubModelId("org/name")).Missing);
        var shard = Put("models--org--name", "model-1-of-1.safetensors", new string('c', 40), "weights");
        Assert.NotNull(Find(new HubModelId("org/name")).Snapshot);
        File.Delete(shard);
        Assert.Equal("model-1-of-1.safetensors is not in the cache", Find(new HubModelId("org/name")).Missing);
    }

    [Fact]
    public void A_ref_that_is_no_commit_or_leads_nowhere_is_none()
    {
        folder.Write("models--org--name/refs/main", "../../elsewhere");
        Assert.Equal("not in the cache", Find(new HubModelId("org/name")).Missing);
        folder.Write("models--org--name/refs/main", Commit);
        Assert.Equal("not in the cache", Find(new HubModelId("org/name")).Missing);
    }

    private (HubSnapshot? Snapshot, string Missing) Find(HubModelId id) => HubCachedModel.Find(id, Offline);

    private string Put(string repository, string name, string tag, string content)
    {
        var blob = folder.Write($"{repository}/blobs/{tag}", content);
        var path = folder.File($"{repository}/snapshots/{Commit}/{name}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, blob));
        return blob;
    }
}
