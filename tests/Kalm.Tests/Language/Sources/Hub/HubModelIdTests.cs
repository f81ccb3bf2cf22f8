using Kalm.Language.Sources.Hub;

namespace Kalm.Tests.Language.Sources.Hub;

public class HubModelIdTests
{
    [Theory]
    [InlineData("HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct", "main", null)]
    [InlineData("gpt2", "gpt2", "main", null)]
    [InlineData("org/name@v1.0", "org/name", "v1.0", null)]
    [InlineData("org/name@refs/pr/1", "org/name", "refs/pr/1", null)]
    [InlineData("org/name:model-Q4_K_M.gguf", "org/name", "main", "model-Q4_K_M.gguf")]
    [InlineData("org/name:Q4_K_M/model.gguf", "org/name", "main", "Q4_K_M/model.gguf")]
    [InlineData("org/name:Q8_0", "org/name", "main", "Q8_0")]
    [InlineData("org/name@dev:a@b.gguf", "org/name", "dev", "a@b.gguf")]
    [InlineData("org/name:a@b.gguf", "org/name", "main", "a@b.gguf")]
    [InlineData("hf://org/name@v1/sub/a.gguf", "org/name", "v1", "sub/a.gguf")]
    [InlineData("hf://org/name@refs%2Fpr%2F1", "org/name", "refs/pr/1", null)]
    [InlineData("hf://models/org/name", "org/name", "main", null)]
    [InlineData("hf://gpt2@v1", "gpt2", "v1", null)]
    [InlineData("https://huggingface.co/org/name", "org/name", "main", null)]
    [InlineData("https://huggingface.co/gpt2/", "gpt2", "main", null)]
    [InlineData("https://huggingface.co/org/name/tree/v1", "org/name", "v1", null)]
    [InlineData("https://huggingface.co/org/name/blob/main/a.gguf?download=true", "org/name", "main", "a.gguf")]
    [InlineData("hf.co/org/name:Q4_K_M", "org/name", "main", "Q4_K_M")]
    public void An_id_is_read_in_all_its_spellings(string text, string repository, string revision, string? file)
    {
        Assert.Equal(new HubModelId(repository, revision, file), HubModelId.Parse(text));
        Assert.False(HubModelId.LooksLikePath(text));
        Assert.Equal(HubModelId.Parse(text), HubModelId.Parse(HubModelId.Parse(text).ToString()));
    }

    [Theory]
    [InlineData("org/na--me", "'--' or '..'")]
    [InlineData("org/na..me", "'--' or '..'")]
    [InlineData("-org/name", "begins or ends")]
    [InlineData("org/name.", "begins or ends")]
    [InlineData("org/näme", "other characters")]
    [InlineData("my model", "other characters")]
    [InlineData("org/name.git", ".git")]
    [InlineData("/name", "empty")]
    [InlineData("a/b/c", "more than one")]
    [InlineData("org/name@", "revision")]
    [InlineData("org/name@../../etc", "revision")]
    [InlineData("org/name:../a.gguf", "file name")]
    [InlineData("org/name:/a.gguf", "file name")]
    [InlineData("org/name:", "file name")]
    [InlineData("https://example.org/org/name", "HF_ENDPOINT")]
    [InlineData("https://huggingface.co/datasets/org/name", "datasets")]
    public void What_the_hub_would_not_take_is_refused_with_the_rule(string text, string rule)
    {
        var error = Assert.Throws<KalmException>(() => HubModelId.Parse(text));
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
        Assert.Null(HubModelId.TryParse(text));
    }

    [Fact]
    public void A_name_has_at_most_96_characters()
    {
        Assert.NotNull(HubModelId.TryParse("org/" + new string('a', 96)));
        Assert.Null(HubModelId.TryParse("org/" + new string('a', 97)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("./gpt2")]
    [InlineData("../org/name")]
    [InlineData("~/models")]
    [InlineData("/models/x")]
    [InlineData("C:\\models")]
    [InlineData("C:/models")]
    [InlineData("a\\b")]
    [InlineData("models/llama/7b")]
    [InlineData("org/name/")]
    [InlineData("models/a.gguf")]
    [InlineData("model.safetensors")]
    public void What_is_spelled_like_a_path_is_never_an_id(string text)
    {
        Assert.True(HubModelId.LooksLikePath(text));
        Assert.Null(HubModelId.FromArgument(text));
    }

    [Fact]
    public void A_path_that_exists_wins_over_an_id()
    {
        // The tests run where their program lies.
        using var folder = new TemporaryFolder();
        var name = $"hub-id-{Guid.NewGuid():N}";
        Assert.Equal(name, HubModelId.FromArgument(name)?.Repository);
        Directory.CreateDirectory(name);
        try
        {
            Assert.Null(HubModelId.FromArgument(name));
        }
        finally
        {
            Directory.Delete(name);
        }
    }

    [Fact]
    public void What_is_neither_is_refused_with_both_readings()
    {
        var error = Assert.Throws<KalmException>(() => HubModelId.FromArgument("no--such model"));
        Assert.Contains("as a path: no such file or folder", error.Message, StringComparison.Ordinal);
        Assert.Contains("as a model of the hub:", error.Message, StringComparison.Ordinal);
    }
}
