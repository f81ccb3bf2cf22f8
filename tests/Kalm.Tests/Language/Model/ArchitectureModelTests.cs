using System.Text.Json;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Model;

/// <summary>Every architecture against numbers that Fixtures/architectures.py computed, on texts longer than the window and than the
/// context before scaling.</summary>
public class ArchitectureModelTests : TorchTest
{
    private static readonly Tokenizer AnyTokenizer = Tokenizer.Train(["any text"], 257);

    public static IEnumerable<TheoryDataRow<string>> Models() => Cases().Select(given => new TheoryDataRow<string>(Name(given)));

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_equal_the_independent_implementation(string name)
    {
        using var model = Load(name);
        foreach (var sequence in Case(name).GetProperty("sequences").EnumerateArray())
            AssertLogits(sequence, Logits(model, sequence));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_written_and_read_again_is_the_same_model(string name)
    {
        using var folder = new TemporaryFolder();
        using var model = Load(name);
        CausalModel.Save(folder.Path, model.Config, AnyTokenizer, weight => model.Weights[weight].alias());

        using var again = Read(folder.Path);

        Assert.Equivalent(model.Config with { TorchType = TensorType.F32 }, again.Config, strict: true);
        var sequence = Case(name).GetProperty("sequences")[1];
        Assert.True(Logits(model, sequence).equal(Logits(again, sequence)).all().ReadNumber() == 1);
        using var original = JsonDocument.Parse(File.ReadAllText(Path.Combine(FolderOf(name), ModelConfig.FileName)));
        using var written = JsonDocument.Parse(File.ReadAllText(folder.File(ModelConfig.FileName)));
        foreach (var key in new[] { "model_type", "architectures" })
            Assert.True(JsonElement.DeepEquals(original.RootElement.GetProperty(key), written.RootElement.GetProperty(key)), key);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void States_do_not_depend_on_padding_or_company(string name)
    {
        using var model = Load(name);
        using var pool = new DecoderPool(model, null, null, 2);
        var random = new Random(3);
        var rows = Enumerable.Range(0, 40).Select(_ => Ids(random, random.Next(1, 50)))
            .Select(ids => TokenRow.Sequence(ids, [ids.Length - 1])).ToList();

        var together = Encoder.Encode(pool, rows, null, TestContext.Current.CancellationToken);

        for (var row = 0; row < rows.Count; row++)
        {
            var alone = Encoder.Encode(pool, [rows[row]], null, TestContext.Current.CancellationToken);
            Assert.True((together[row] - alone[0]).abs().max().ReadNumber() < 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_packed_tree_equals_encoding_each_branch_apart(string name)
    {
        using var model = Load(name);
        using var pool = new DecoderPool(model, null, null, 2);
        var tree = Case(name).GetProperty("tree");
        var branches = tree.GetProperty("branches").EnumerateArray().Select(branch => Branch.ReadAtEnd(branch.Integers())).ToList();
        var text = new TextTree(tree.GetProperty("prefix").Integers(), branches);

        foreach (var limit in new[] { 1, 25, 1000 })
            Fixture.AssertClose(
                tree.GetProperty("embeddings").Matrix(),
                Encoder.Encode(pool, [.. text.ToRows(limit)], null, TestContext.Current.CancellationToken), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_packed_tree_has_the_gradient_of_its_branches_apart(string name)
    {
        using var model = Load(name);
        using var learned = new ParameterSet(model.Weights, CPU);
        var random = new Random(5);
        var prefix = Ids(random, 13);
        var branches = new[] { 2, 9, 1, 12 }.Select(length => Branch.ReadAtEnd(Ids(random, length))).ToList();
        var weights = randn(branches.Count, model.Config.HiddenSize);

        var packed = Gradient(new TextTree(prefix, branches).ToRows(1000));
        var apart = Gradient(
            branches.Select(branch => TokenRow.Sequence([.. prefix, .. branch.Tokens], [prefix.Length + branch.Tokens.Length - 1])));

        Assert.True(((packed - apart).abs().max() / apart.abs().max()).ReadNumber() < 1e-5);
        foreach (var slice in learned.Slices.Where(slice => slice.Name != TensorNames.Head))
            Assert.True(apart.narrow(0, slice.Offset, slice.Count).abs().max().ReadNumber() > 0
                || slice.Name.EndsWith("k_proj.bias", StringComparison.Ordinal), slice.Name);

        Tensor Gradient(IEnumerable<TokenRow> rows)
        {
            using var replica = learned.CreateReplica();
            using var decoder = new Decoder(model.Config, model.Weights, replica, null, CPU);
            using var block = new TokenBlock([.. rows], CPU);
            (decoder.Read(decoder.Embed(block.Tokens), block) * weights).sum().backward();
            return replica.Gradient.clone();
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_merged_adapter_equals_base_and_adapter_side_by_side(string name)
    {
        var folder = Path.Combine(FolderOf(name), "adapter");
        var adapter = AdapterConfig.Load(folder);
        using var model = Load(name);
        using var file = SafetensorsFile.Open(Path.Combine(folder, AdapterConfig.WeightsName));
        using var learned = new ParameterSet(
            file.Tensors.Keys.Select(key => KeyValuePair.Create(key, SourceTensors.Read(file, key, CPU))), CPU);
        using var replica = learned.CreateReplica();
        var sequence = Case(name).GetProperty("adapted");
        var side = Logits(model, sequence, replica, adapter);

        using var mergedModel = SourceWeights.LoadAdapted(FolderOf(name), folder, AnyTokenizer);
        var merged = Logits(mergedModel, sequence);

        AssertLogits(sequence, side);
        AssertLogits(sequence, merged);
        Assert.True(((side - merged).abs().max() / side.abs().max()).ReadNumber() < 1e-5);
    }

    [Fact]
    public void A_decoder_that_has_seen_short_texts_reads_long_ones_as_a_fresh_one_does()
    {
        using var model = Load("llama3");
        using var decoder = new Decoder(model.Config, model.Weights, null, null, CPU);
        var ids = Ids(new Random(1), 256);
        Run(decoder, ids[..3]);
        using var block = new TokenBlock([new TokenRow(ids[..3], [253, 254, 255], new int[3], [0, 1, 2])], CPU);
        using var fresh = new Decoder(model.Config, model.Weights, null, null, CPU);

        var states = decoder.Read(decoder.Embed(block.Tokens), block);

        Assert.True(states.equal(fresh.Read(fresh.Embed(block.Tokens), block)).all().ReadNumber() == 1);
        // Attention knows distances only, so the same tokens further on have the same states.
        Assert.True((states - Run(fresh, ids[..3])).abs().max().ReadNumber() < 1e-5);
    }

    private static Tensor Logits(CausalModel model, JsonElement sequence, ParameterReplica? learned = null, AdapterConfig? adapter = null)
    {
        using var decoder = new Decoder(model.Config, model.Weights, learned, adapter, CPU);
        using var at = tensor(sequence.GetProperty("at").Integers(), dtype: ScalarType.Int64);
        return decoder.Logits(Run(decoder, sequence.GetProperty("ids").Integers())).index_select(0, at);
    }

    private static Tensor Run(Decoder decoder, int[] ids)
    {
        using var block = new TokenBlock([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])], CPU);
        return decoder.Read(decoder.Embed(block.Tokens), block);
    }

    private static void AssertLogits(JsonElement sequence, Tensor found) =>
        Fixture.AssertClose(sequence.GetProperty("logits").Matrix(), found, 1e-4);

    private static int[] Ids(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(64))];

    private static JsonElement[] Cases() => [.. Fixture.Load("architectures.json").GetProperty("models").EnumerateArray()];

    private static JsonElement Case(string name) => Cases().Single(given => Name(given) == name);

    private static string Name(JsonElement given) => given.GetProperty("model").GetString()!;

    private static string FolderOf(string name) => Path.Combine(Fixture.Folder, "architectures", name);

    private static CausalModel Load(string name) => Read(FolderOf(name));

    /// <summary>The fixture folders have no tokenizer, so their weights are read without one.</summary>
    private static CausalModel Read(string folder)
    {
        using var checkpoint = FolderSource.Open(folder);
        var weights = checkpoint.Config.TensorShapes()
            .ToDictionary(tensor => tensor.Name, tensor => SourceTensors.Read(checkpoint, tensor.Name, CPU));
        return new CausalModel(checkpoint.Config, AnyTokenizer, weights, CPU);
    }
}
