using System.Text.Json;
using Kalm.Evaluation;
using Kalm.Language.Execution;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Adapters;

/// <summary>Adapters as PEFT saves them, against the likelihood that PEFT computes (Fixtures/adapters, written by make.py there).</summary>
public class PublishedAdapterTests : TorchTest
{
    private const double Tolerance = 1e-5;
    private static readonly string Folder = Path.Combine(Fixture.Folder, "adapters");
    private static readonly JsonElement Reference = Fixture.Load(Path.Combine("adapters", "reference.json"));
    private static readonly string[] OtherMethods = ["ia3", "loha", "prefix-tuning"];

    public static TheoryData<string> Merged => [.. Names().Where(name => Base(name) != name && !IsOther(name))];

    public static TheoryData<string> Refused => [.. Names().Where(IsOther)];

    [Theory]
    [InlineData("tied")]
    [InlineData("untied")]
    public void A_base_has_the_likelihood_of_transformers(string name)
    {
        using var model = CausalModel.Load(Path.Combine(Folder, name));
        AssertLikelihood(name, model);
    }

    [Theory]
    [MemberData(nameof(Merged))]
    public void An_adapter_merged_in_memory_has_the_likelihood_of_PEFT(string name)
    {
        using var source = ModelSources.Open(
            Path.Combine(Folder, name), new ModelSourceOptions { Base = Path.Combine(Folder, Base(name)) });
        using var model = CausalModel.Load(source);
        AssertLikelihood(name, model);
    }

    [Theory]
    [MemberData(nameof(Merged))]
    public void An_adapter_exported_with_its_base_has_the_likelihood_of_PEFT(string name)
    {
        using var folder = new TemporaryFolder();
        using (var source = SourceWeights.Open(Path.Combine(Folder, Base(name)), Path.Combine(Folder, name)))
            HuggingFaceExport.Write(folder.Path, source, TensorType.F32);
        using var model = CausalModel.Load(folder.Path);
        AssertLikelihood(name, model);
        Assert.Empty(model.Warnings);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Another_method_is_refused_by_name(string name)
    {
        var error = Assert.Throws<KalmException>(() => AdapterFolder.Open(
            Path.Combine(Folder, name), ModelConfig.Load(Path.Combine(Folder, Base(name)))));
        Assert.Contains("peft_type: found \"", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("all-linear", true, 96)]
    [InlineData("token-indices", true, 96)]
    [InlineData("embedding-saved-tying-ensured", true, 96)]
    [InlineData("embedding-saved", false, 96)]
    [InlineData("head-saved", false, 96)]
    [InlineData("both-saved", false, 96)]
    [InlineData("embedding-lora", false, 96)]
    [InlineData("head-lora", false, 96)]
    [InlineData("vocabulary-grown", false, 104)]
    public void What_an_adapter_sets_apart_is_no_longer_tied(string name, bool isTied, int vocabulary)
    {
        using var adapter = AdapterFolder.Open(Path.Combine(Folder, "tied-" + name), ModelConfig.Load(Path.Combine(Folder, "tied")));
        Assert.Equal((isTied, vocabulary), (adapter.Config.TieWordEmbeddings, adapter.Config.VocabularySize));
        Assert.Empty(adapter.Warnings);
    }

    [Fact]
    public void A_module_that_is_not_there_is_named()
    {
        using var adapter = AdapterFolder.Open(
            Path.Combine(Folder, "untied-absent-module-saved"), ModelConfig.Load(Path.Combine(Folder, "untied")));
        Assert.Contains("'score'", Assert.Single(adapter.Warnings), StringComparison.Ordinal);
    }

    private static void AssertLikelihood(string name, CausalModel model)
    {
        var expected = Reference.GetProperty("sum_nll").GetProperty(name).GetDouble();
        int[] ids = [.. Reference.GetProperty("text").GetString()!.Select(letter => letter - ' ')];
        using var decoder = new DecoderPool(model, null, null, 1);
        var found = TextPerplexity.Measure(decoder, ids, 128, 64, null, TestContext.Current.CancellationToken).NegativeLogLikelihood;
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}\t{found:F6}\t{expected:F6}\t{Math.Abs(found - expected) / expected:E1}");
        Assert.True(Math.Abs(found - expected) <= Tolerance * expected, $"{name}: found {found:R}, expected {expected:R}");
    }

    private static IEnumerable<string> Names() => Reference.GetProperty("sum_nll").EnumerateObject().Select(field => field.Name);

    private static string Base(string name) => name.Split('-')[0];

    private static bool IsOther(string name) => OtherMethods.Any(method => name.EndsWith("-" + method, StringComparison.Ordinal));
}
