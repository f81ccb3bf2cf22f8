using Kalm.Language.Sources.Hub;
using Microsoft.AspNetCore.Http;

namespace Kalm.Tests.Language.Sources.Hub;

/// <summary>The token, what the hub refuses, and being without it.</summary>
public sealed class HubRefusalTests : IDisposable
{
    private const string Secret = "hf_secret";
    private static readonly HubModelId Tiny = new(StubHub.Name);
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_token_goes_to_the_hub_and_to_no_other_host()
    {
        await using var hub = await Hub();
        await Fetch(hub, token: Secret);
        Assert.NotEmpty(hub.Downloads);
        Assert.All(hub.Requests, request => Assert.Equal(request.Server == "hub" ? "Bearer " + Secret : null, request.Token));
    }

    [Fact]
    public async Task A_renamed_model_is_followed_with_the_token()
    {
        await using var hub = await Hub();
        hub.Instead = context =>
        {
            if (!context.Request.Path.Value!.Contains("old/name", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = context.Request.Path.Value.Replace("old/name", StubHub.Name, StringComparison.Ordinal)
                + context.Request.QueryString;
            return Task.FromResult(true);
        };
        var snapshot = await Fetch(hub, new HubModelId("old/name"), Secret);
        Assert.Equal(["old/name is now named org/tiny"], snapshot.Warnings);
        Assert.Equal(folder.File("hub/models--old--name/snapshots/" + StubHub.Commit), snapshot.Folder);
        Assert.All(hub.Requests.Where(request => request.Server == "hub"), request => Assert.Equal("Bearer " + Secret, request.Token));
    }

    [Theory]
    [InlineData(401, null, "accept its terms", "set HF_TOKEN")]
    [InlineData(403, Secret, "no access", "await approval")]
    public async Task A_gated_model_names_its_page_and_leaves_nothing(int status, string? token, params string[] mentioned)
    {
        await using var hub = await Hub();
        hub.Instead = context => context.Request.Path.Value!.Contains("/resolve/", StringComparison.Ordinal)
            ? StubHub.Refuse(context, status, "GatedRepo", "Access to model org/tiny is restricted.") : Task.FromResult(false);
        await Fails(hub, Tiny, token, [.. mentioned, $"{hub.Address}/org/tiny", "gated"]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData(null, "then set HF_TOKEN")]
    [InlineData(Secret, "the token may not read")]
    public async Task A_model_that_is_private_or_misspelt_is_said_to_be_either(string? token, string mentioned)
    {
        await using var hub = await Hub();
        await Fails(hub, new HubModelId("org/tyni"), token, "org/tyni: no such model", mentioned, "./org/tyni");
    }

    [Fact]
    public async Task A_token_that_is_not_valid_is_named_and_not_shown()
    {
        await using var hub = await Hub();
        hub.Instead = context => StubHub.Refuse(context, 401, null, "Invalid credentials in Authorization header");
        var error = await Fails(hub, Tiny, Secret, "refuses the access token", "HF_TOKEN");
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revision_or_a_file_that_is_not_there_is_named()
    {
        await using var hub = (await Hub()).WithLarge("a.gguf", 100, 5);
        await Fails(hub, Tiny with { Revision = "v2" }, null, "no revision 'v2'", "/tree/main");
        await Fails(hub, Tiny with { File = "b.gguf" }, null, "no such file; nearest: a.gguf (100 bytes)");
    }

    [Fact]
    public async Task Too_small_a_disk_is_noticed_before_anything_comes()
    {
        await using var hub = await Hub();
        var settings = hub.Settings(folder) with { FreeSpace = _ => 4_000 };
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Tiny, settings, null, Cancellation));
        Assert.Contains("needs 5.0 kB, and 4.0 kB are free at " + settings.CacheFolder, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(hub.Requests, request => request.Method == "GET"
            && request.Path.Contains("/resolve/", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Offline_takes_what_is_there_and_asks_nobody()
    {
        await using var hub = await Hub();
        var offline = hub.Settings(folder) with { IsOffline = true };
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Tiny, offline, null, Cancellation));
        Assert.Contains("not in the cache and HF_HUB_OFFLINE forbids", error.Message, StringComparison.Ordinal);
        Assert.Contains(offline.CacheFolder, error.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);
        var online = await Fetch(hub);
        hub.Requests.Clear();
        Assert.Equal(online.Folder, (await HubModels.FetchAsync(Tiny, offline, null, Cancellation)).Folder);
        var pinned = Tiny with { Revision = StubHub.Commit };
        Assert.Equal(online.Folder, (await HubModels.FetchAsync(pinned, offline, null, Cancellation)).Folder);
        Assert.Empty(hub.Requests);
    }

    [Fact]
    public async Task A_hub_out_of_reach_is_replaced_by_the_cache_with_a_warning()
    {
        HubSettings settings;
        await using (var hub = await Hub())
        {
            settings = hub.Settings(folder);
            await Fetch(hub);
        }
        var snapshot = await HubModels.FetchAsync(Tiny, settings, null, Cancellation);
        Assert.Contains("took what the cache has, commit 01234567", Assert.Single(snapshot.Warnings), StringComparison.Ordinal);
        Assert.Empty((await HubModels.FetchAsync(Tiny with { Revision = StubHub.Commit }, settings, null, Cancellation)).Warnings);
        var error = await Assert.ThrowsAsync<KalmException>(() =>
            HubModels.FetchAsync(new HubModelId("org/else"), settings, null, Cancellation));
        Assert.Contains("org/else: not in the cache and the hub cannot be reached: 127.0.0.1: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_hub_is_not_waited_for_longer_than_the_settings_say()
    {
        await using var hub = await Hub();
        hub.Instead = async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
            return true;
        };
        var settings = hub.Settings(folder) with { MetadataTimeout = TimeSpan.FromMilliseconds(300) };
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Tiny, settings, null, Cancellation));
        Assert.Contains("no answer within 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_is_no_hub_is_recognised()
    {
        await using var hub = await Hub();
        hub.Instead = async context =>
        {
            await context.Response.WriteAsync("<html>Welcome</html>", Cancellation);
            return true;
        };
        await Fails(hub, Tiny, null, "found '<html>Welcome</html>'", "HF_ENDPOINT");
    }

    [Fact]
    public async Task Names_that_lead_out_of_the_cache_are_not_followed()
    {
        await using var hub = await Hub();
        hub.Files["../../../evil/config.json"] = new StubFile([1], IsLarge: false);
        hub.Files["poet\\..\\..\\adapter_config.json"] = new StubFile([1], IsLarge: false);
        var snapshot = await Fetch(hub);
        Assert.Equal(["config.json", "model.safetensors"], Directory.EnumerateFiles(snapshot.Folder).Select(Path.GetFileName).Order());
        hub.Instead = async context =>
        {
            context.Response.Headers.ETag = "\"../../evil\"";
            context.Response.ContentLength = 1;
            await context.Response.CompleteAsync();
            return true;
        };
        using var client = new HubHttp(hub.Settings(folder), _ => { });
        await Assert.ThrowsAsync<HubFailure>(
            () => new HubClient(client, Tiny, hub.Settings(folder)).State(StubHub.Commit, "config.json", Cancellation));
    }

    [Fact]
    public async Task An_id_made_by_hand_is_held_to_the_rules()
    {
        var settings = new HubSettings { CacheFolder = folder.Path };
        foreach (var id in new HubModelId[] { new("../../etc"), new("org/name", "../main"), new("org/name", File: "../a.gguf") })
            await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(id, settings, null, Cancellation));
    }

    private static async Task<StubHub> Hub() => (await StubHub.Start()).With("config.json", "{}").WithLarge("model.safetensors", 5000);

    private Task<HubSnapshot> Fetch(StubHub hub, HubModelId? id = null, string? token = null) =>
        HubModels.FetchAsync(id ?? Tiny, hub.Settings(folder) with { Token = token }, null, Cancellation);

    private async Task<KalmException> Fails(StubHub hub, HubModelId id, string? token, params string[] mentioned)
    {
        var error = await Assert.ThrowsAsync<KalmException>(() => Fetch(hub, id, token));
        Assert.InRange(error.Message.Split('\n').Length, 1, 4);
        foreach (var word in mentioned)
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        return error;
    }
}
