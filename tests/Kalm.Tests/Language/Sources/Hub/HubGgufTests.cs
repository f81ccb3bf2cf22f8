using Kalm.Language.Sources.Hub;

namespace Kalm.Tests.Language.Sources.Hub;

public class HubGgufTests
{
    private static readonly HubModelId Tiny = new("org/tiny");

    private static readonly HubFile[] Many =
    [
        new("tiny-Q4_K_M.gguf", 4_000_000_000), new("tiny-Q8_0.gguf", 8_000_000), new("mmproj-tiny-f16.gguf", 100), new("imatrix.gguf", 10),
        new("F16/tiny-F16-00001-of-00002.gguf", 1_000_000), new("F16/tiny-F16-00002-of-00002.gguf", 500_000), new("README.md", 10),
    ];

    [Theory]
    [InlineData("tiny-Q8_0.gguf", "tiny-Q8_0.gguf")]
    [InlineData("q8_0", "tiny-Q8_0.gguf")]
    [InlineData("Q4_K_M", "tiny-Q4_K_M.gguf")]
    [InlineData("mmproj-tiny-f16.gguf", "mmproj-tiny-f16.gguf")]
    public void A_file_is_named_by_its_name_or_a_word_of_it(string file, string expected)
    {
        var need = HubNeed.For(Tiny with { File = file }, Many);
        Assert.Equal((expected, null), (need.Gguf, need.Index));
        Assert.Equal([expected], need.Files);
    }

    [Theory]
    [InlineData("F16/tiny-F16-00001-of-00002.gguf")]
    [InlineData("F16/tiny-F16-00002-of-00002.gguf")]
    [InlineData("tiny-F16-00001-of-00002.gguf")]
    [InlineData("F16/tiny-F16")]
    public void Any_part_of_a_split_file_brings_all(string file)
    {
        var files = Many.Where(one => one.Name != "mmproj-tiny-f16.gguf").ToList();
        if (file == "F16/tiny-F16")
            file = "F16";
        var need = HubNeed.For(Tiny with { File = file }, files);
        Assert.Equal("F16/tiny-F16-00001-of-00002.gguf", need.Gguf);
        Assert.Equal(["F16/tiny-F16-00001-of-00002.gguf", "F16/tiny-F16-00002-of-00002.gguf"], need.Files);
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        var error = Assert.Throws<HubFailure>(() => HubNeed.For(Tiny with { File = "a-00001-of-00003.gguf" },
            [new("a-00001-of-00003.gguf", 1), new("a-00003-of-00003.gguf", 1)]));
        Assert.Contains("a-00002-of-00003.gguf: missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_files_one_must_be_named()
    {
        var error = Assert.Throws<HubFailure>(() => HubNeed.For(Tiny, Many));
        Assert.Contains("3 GGUF files; name one, such as org/tiny:F16/tiny-F16-00001-of-00002.gguf", error.Message,
            StringComparison.Ordinal);
        Assert.Contains("tiny-Q4_K_M.gguf (4.00 GB)", error.Message, StringComparison.Ordinal);
        Assert.Contains("tiny-F16-00001-of-00002.gguf (1.5 MB)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("mmproj", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_file_is_taken_and_never_preferred_to_a_model_folder()
    {
        Assert.Equal("tiny.gguf", HubNeed.For(Tiny, [new("tiny.gguf", 1), new("mmproj.gguf", 1), new("config.json", 1)]).Gguf);
        Assert.Null(HubNeed.For(Tiny, [new("tiny.gguf", 1), new("model.safetensors", 1)]).Gguf);
    }

    [Fact]
    public void A_misspelt_file_brings_the_nearest_names()
    {
        var error = Assert.Throws<HubFailure>(() => HubNeed.For(Tiny with { File = "tiny-Q4_K_S.gguf" }, Many));
        Assert.Contains("no such file; nearest: tiny-Q4_K_M.gguf (4.00 GB)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_several_names_have_is_refused_and_so_are_other_files()
    {
        var error = Assert.Throws<HubFailure>(() => HubNeed.For(Tiny with { File = "Q8_0" },
            [new("a-Q8_0.gguf", 1), new("b-Q8_0.gguf", 1)]));
        Assert.Contains("2 files are meant", error.Message, StringComparison.Ordinal);
        Assert.Contains("not a .gguf file", Assert.Throws<HubFailure>(() => HubNeed.For(Tiny with { File = "README.md" }, Many)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_repository_without_a_model_says_what_it_has()
    {
        var error = Assert.Throws<HubFailure>(() => HubNeed.For(Tiny, [new("diffusion.safetensors", 1), new("README.md", 1)]));
        Assert.Contains("'diffusion.safetensors', which are of another kind", error.Message, StringComparison.Ordinal);
    }
}
