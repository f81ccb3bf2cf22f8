using Kalm.Language.Sources.Hub;

namespace Kalm.Tests.Language.Sources.Hub;

/// <summary>What is fetched, and where it lies then.</summary>
public sealed class HubFetchTests : IDisposable
{
    private static readonly HubModelId Tiny = new(StubHub.Name);
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_model_lies_in_the_cache_as_huggingface_hub_would_have_put_it()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 300_000);
        var snapshot = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        var repository = folder.File("hub/models--org--tiny");
        Assert.Equal(Path.Combine(repository, "snapshots", StubHub.Commit), snapshot.Folder);
        Assert.Equal((StubHub.Commit, snapshot.Folder, null), (snapshot.Commit, snapshot.Path, snapshot.GgufFile));
        Assert.Equal(StubHub.Commit, File.ReadAllText(Path.Combine(repository, "refs", "main")));
        foreach (var (name, file) in hub.Files.Where(file => file.Key is not ("README.md" or "pytorch_model.bin")))
        {
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, name)));
            Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(repository, "blobs", file.Tag)));
            var depth = string.Concat(Enumerable.Repeat("../", 2 + name.Count(letter => letter == '/')));
            Assert.Equal($"{depth}blobs/{file.Tag}", new FileInfo(Path.Combine(snapshot.Folder, name)).LinkTarget);
            Assert.True(File.Exists(folder.File($"hub/.locks/models--org--tiny/{file.Tag}.lock")));
        }
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*.incomplete", SearchOption.AllDirectories));
        Assert.Equal(snapshot.Downloaded,
            Directory.EnumerateFiles(Path.Combine(repository, "blobs")).Sum(blob => new FileInfo(blob).Length));
    }

    [Fact]
    public async Task Only_what_a_model_needs_is_fetched()
    {
        await using var hub = (await Model()).With("LICENSE.txt", "terms").With("NOTICE", "n")
            .With("additional_chat_templates/tool.jinja", "t")
            .With("original/params.json", "{}").WithLarge("model.safetensors", 1000).WithLarge("consolidated.safetensors", 1000, 2)
            .WithLarge("onnx/model.onnx", 1000, 3);
        var snapshot = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        Assert.Equal(
            ["LICENSE.txt", "NOTICE", "additional_chat_templates/tool.jinja", "config.json", "model.safetensors", "tokenizer.json"],
                Names(snapshot));
    }

    [Fact]
    public async Task Of_shards_those_come_that_the_index_names()
    {
        await using var hub = (await Model())
            .With("model.safetensors.index.json",
                """{"weight_map":{"a":"model-1-of-2.safetensors","b":"model-2-of-2.safetensors","c":"model-1-of-2.safetensors"}}""")
            .WithLarge("model-1-of-2.safetensors", 1000, 2).WithLarge("model-2-of-2.safetensors", 2000, 3)
            .WithLarge("model-9-of-9.safetensors", 1, 4);
        var snapshot = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        Assert.Equal(["config.json", "model-1-of-2.safetensors", "model-2-of-2.safetensors",
            "model.safetensors.index.json", "tokenizer.json"],
            Names(snapshot));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"model-1-of-2.safetensors"}}""", "model-1-of-2.safetensors, which is not in the repository")]
    [InlineData("""{"weight_map":{"a":"../../../x.safetensors"}}""", "'a' lies in no file")]
    [InlineData("""{"weight_map":{}}""", "an empty weight_map")]
    [InlineData("[]", "no weight_map")]
    [InlineData("{", "not valid JSON")]
    public async Task An_index_may_not_name_a_file_that_is_not_there_or_elsewhere(string index, string fault)
    {
        await using var hub = (await Model()).With("model.safetensors.index.json", index);
        await Fails(hub, Tiny, "model.safetensors.index.json", fault);
        Assert.Null(HubCachedModel.Find(Tiny, hub.Settings(folder)).Snapshot);
    }

    [Fact]
    public async Task Pickled_weights_come_only_where_there_are_no_others()
    {
        await using var hub = await Model();
        Assert.Equal(["config.json", "pytorch_model.bin", "tokenizer.json"],
            Names(await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation)));
    }

    [Fact]
    public async Task An_adapter_comes_without_the_weights_of_a_model()
    {
        await using var hub = (await Model()).With("adapter_config.json", "{}").WithLarge("adapter_model.safetensors", 100)
            .WithLarge("model.safetensors", 1000, 2)
            .WithLarge("checkpoint-5/adapter_model.safetensors", 100, 3).With("checkpoint-5/adapter_config.json", "{}");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "config.json", "tokenizer.json"],
            Names(await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation)));
    }

    [Fact]
    public async Task An_adapter_in_a_named_folder_is_found()
    {
        await using var hub = (await StubHub.Start()).With("poet/adapter_config.json", "{}")
            .WithLarge("poet/adapter_model.safetensors", 100);
        Assert.Equal(["poet/adapter_config.json", "poet/adapter_model.safetensors"],
            Names(await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation)));
    }

    [Fact]
    public async Task A_revision_has_its_own_snapshot_and_shares_contents()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 1000);
        foreach (var (name, file) in hub.Files)
            hub.OtherFiles[name] = name == "config.json" ? new StubFile([1, 2, 3], IsLarge: false) : file;
        var main = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        var other = await HubModels.FetchAsync(Tiny with { Revision = "refs/pr/1" }, hub.Settings(folder), null, Cancellation);
        Assert.Equal(StubHub.OtherCommit, other.Commit);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(other.Folder, "config.json")));
        Assert.NotEqual(main.Folder, other.Folder);
        Assert.Equal(StubHub.OtherCommit, File.ReadAllText(folder.File("hub/models--org--tiny/refs/refs/pr/1")));
        Assert.Single(hub.Downloads);
        Assert.Equal(3, other.Downloaded);
        var pinned = await HubModels.FetchAsync(Tiny with { Revision = StubHub.Commit }, hub.Settings(folder), null, Cancellation);
        Assert.Equal(main.Folder, pinned.Folder);
    }

    [Fact]
    public async Task What_is_there_is_not_asked_for_again()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 1000);
        var first = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        hub.Requests.Clear();
        var second = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        Assert.Equal("/api/models/org/tiny/revision/main", Assert.Single(hub.Requests).Path);
        Assert.Equal((first.Folder, 0L), (second.Folder, second.Downloaded));
        Assert.Empty(second.Warnings);
    }

    [Fact]
    public async Task Without_symbolic_links_the_snapshot_holds_the_files_themselves()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 1000);
        var settings = hub.Settings(folder) with { CreateLink = (_, _) => throw new UnauthorizedAccessException("no rights") };
        var snapshot = await HubModels.FetchAsync(Tiny, settings, null, Cancellation);
        Assert.Equal(hub.Files["model.safetensors"].Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, "model.safetensors")));
        Assert.Null(new FileInfo(Path.Combine(snapshot.Folder, "model.safetensors")).LinkTarget);
        Assert.Empty(Directory.EnumerateFiles(folder.File("hub/models--org--tiny/blobs")));
        Assert.NotNull(HubCachedModel.Find(Tiny, settings).Snapshot);
    }

    [Fact]
    public async Task A_link_whose_content_is_gone_is_renewed()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 1000);
        await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        File.Delete(folder.File($"hub/models--org--tiny/blobs/{hub.Files["model.safetensors"].Tag}"));
        var snapshot = await HubModels.FetchAsync(Tiny, hub.Settings(folder), null, Cancellation);
        Assert.Equal(hub.Files["model.safetensors"].Content, File.ReadAllBytes(Path.Combine(snapshot.Folder, "model.safetensors")));
    }

    [Fact]
    public async Task Progress_counts_every_byte_once()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 5_000_000);
        var seen = new List<HubProgress>();
        var snapshot = await HubModels.FetchAsync(Tiny, hub.Settings(folder), new Collect(seen), Cancellation);
        Assert.Equal(seen.Select(one => one.Done), seen.Select(one => one.Done).Order());
        Assert.All(seen, one => Assert.InRange(one.Done, 0, one.Total));
        Assert.Equal(("model.safetensors", 5_000_000L, snapshot.Downloaded, snapshot.Downloaded),
            (seen[^1].File, seen[^1].FileDone, seen[^1].Done, seen[^1].Total));
        Assert.True(seen[^1].BytesPerSecond > 0);
    }

    [Fact]
    public async Task The_synchronous_call_does_the_same()
    {
        await using var hub = (await Model()).WithLarge("model.safetensors", 1000);
        // As the command line does: without a thread of the pool to spare for the answer.
        Assert.Equal(StubHub.Commit, HubModels.Fetch(Tiny, hub.Settings(folder), null, Cancellation).Commit);
    }

    private static async Task<StubHub> Model() => (await StubHub.Start())
        .With("config.json", "{}").With("tokenizer.json", """{"model":1}""").With("README.md", "# Tiny")
        .WithLarge("pytorch_model.bin", 500, 9);

    private static string[] Names(HubSnapshot snapshot) => [.. Directory.EnumerateFiles(snapshot.Folder, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(snapshot.Folder, path)).Order(StringComparer.Ordinal)];

    private async Task Fails(StubHub hub, HubModelId id, params string[] mentioned)
    {
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(id, hub.Settings(folder), null, Cancellation));
        foreach (var word in mentioned)
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    private sealed class Collect(List<HubProgress> seen) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => seen.Add(value);
    }
}
