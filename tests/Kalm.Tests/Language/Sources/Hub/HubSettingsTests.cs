using Kalm.Language.Sources.Hub;

namespace Kalm.Tests.Language.Sources.Hub;

public class HubSettingsTests
{
    private static HubSettings From(params (string Name, string Value)[] variables) => HubSettings.From(name =>
        variables.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault());

    [Theory]
    [InlineData("/h/.cache/huggingface/hub", "")]
    [InlineData("/x/huggingface/hub", "XDG_CACHE_HOME=/x")]
    [InlineData("/hf/hub", "HF_HOME=/hf XDG_CACHE_HOME=/x")]
    [InlineData("/h/hf/hub", "HF_HOME=~/hf")]
    [InlineData("/h/hf/hub", "HF_HOME=$HOME/hf")]
    [InlineData("/h/hf/hub", "HF_HOME=${HOME}/hf")]
    [InlineData("/old", "HUGGINGFACE_HUB_CACHE=/old HF_HOME=/hf")]
    [InlineData("/new", "HF_HUB_CACHE=/new HUGGINGFACE_HUB_CACHE=/old HF_HOME=/hf")]
    [InlineData("/hf/hub", "HF_HUB_CACHE= HF_HOME=/hf")]
    public void The_cache_lies_where_huggingface_hub_has_it(string expected, string variables)
    {
        var given = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Split('=')).Select(one => (one[0], one[1]));
        Assert.Equal(Path.GetFullPath(expected), From([.. given, ("HOME", "/h")]).CacheFolder);
    }

    [Fact]
    public void Nothing_set_means_the_public_hub_without_a_token()
    {
        var settings = From(("HOME", "/no-such-home"));
        Assert.Equal("https://huggingface.co/", settings.Endpoint.AbsoluteUri);
        Assert.Null(settings.Token);
        Assert.False(settings.IsOffline);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.DownloadTimeout);
    }

    [Fact]
    public void The_token_is_the_variables_or_the_files()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("token", "hf_file\n");
        Assert.Equal("hf_file", From(("HF_HOME", folder.Path)).Token);
        Assert.Equal("hf_file", From(("HF_TOKEN_PATH", file)).Token);
        Assert.Equal("hf_old", From(("HF_HOME", folder.Path), ("HUGGING_FACE_HUB_TOKEN", "hf_old")).Token);
        Assert.Equal("hf_new", From(("HF_HOME", folder.Path), ("HUGGING_FACE_HUB_TOKEN", "hf_old"), ("HF_TOKEN", " hf_new\r\n")).Token);
        Assert.DoesNotContain("hf_old", $"{From(("HUGGING_FACE_HUB_TOKEN", "hf_old"))}", StringComparison.Ordinal);
        Assert.Null(From(("HF_HOME", folder.Path), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
    }

    [Fact]
    public void A_token_that_cannot_be_one_is_refused_without_being_shown()
    {
        var error = Assert.Throws<KalmException>(() => From(("HF_TOKEN", "hf_sécret")));
        Assert.Contains("HF_TOKEN", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("HF_HUB_OFFLINE", "true", true)]
    [InlineData("TRANSFORMERS_OFFLINE", "yes", true)]
    [InlineData("HF_HUB_OFFLINE", "0", false)]
    public void Offline_is_said_by_either_variable(string name, string value, bool expected) =>
        Assert.Equal(expected, From((name, value)).IsOffline);

    [Fact]
    public void Timeouts_are_seconds_and_the_endpoint_an_address()
    {
        var settings = From(("HF_HUB_ETAG_TIMEOUT", "3"), ("HF_HUB_DOWNLOAD_TIMEOUT", "60"), ("HF_ENDPOINT", "http://mirror:8080/hf/"));
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60)), (settings.MetadataTimeout, settings.DownloadTimeout));
        Assert.Equal("http://mirror:8080/hf", settings.Endpoint.AbsoluteUri);
        Assert.Contains("HF_HUB_ETAG_TIMEOUT", Assert.Throws<KalmException>(() => From(("HF_HUB_ETAG_TIMEOUT", "soon"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("HF_ENDPOINT", Assert.Throws<KalmException>(() => From(("HF_ENDPOINT", "mirror"))).Message,
            StringComparison.Ordinal);
    }
}
