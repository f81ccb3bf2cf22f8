using System.Text.Json;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

public class DecoderTests : TorchTest
{
    private static readonly Tokenizer AnyTokenizer = Tokenizer.Train(["any text"], 257);

    public static IEnumerable<TheoryDataRow<int>> Models() =>
        Enumerable.Range(0, Cases().Length).Select(index => new TheoryDataRow<int>(index));

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_and_states_equal_the_independent_implementation(int index)
    {
        var given = Cases()[index];
        using var model = LoadModel(given);
        using var decoder = new Decoder(model.Config, model.Weights, null, null, CPU);
        foreach (var sequence in given.GetProperty("sequences").EnumerateArray())
        {
            var ids = sequence.GetProperty("ids").Integers();
            using var block = new TokenBlock([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])], CPU);
            var states = decoder.Read(decoder.Embed(block.Tokens), block);
            Fixture.AssertClose(sequence.GetProperty("hidden").Matrix(), states, 1e-4);
            Fixture.AssertClose(sequence.GetProperty("logits").Matrix(), decoder.Logits(states), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_packed_tree_equals_encoding_each_branch_apart(int index)
    {
        var given = Cases()[index];
        using var model = LoadModel(given);
        using var pool = new DecoderPool(model, null, null, 2);
        var tree = given.GetProperty("tree");
        var branches = tree.GetProperty("branches").EnumerateArray().Select(branch => Branch.ReadAtEnd(branch.Integers())).ToList();
        var text = new TextTree(tree.GetProperty("prefix").Integers(), branches);

        foreach (var limit in new[] { 1, 12, 1000 })
            Fixture.AssertClose(
                tree.GetProperty("embeddings").Matrix(),
                Encoder.Encode(pool, [.. text.ToRows(limit)], null, TestContext.Current.CancellationToken), 1e-5);
    }

    [Fact]
    public void States_do_not_depend_on_padding_or_company()
    {
        using var model = LoadModel(Cases()[0]);
        using var pool = new DecoderPool(model, null, null, 2);
        var random = new Random(3);
        var rows = Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(60)).ToArray())
            .Select(ids => TokenRow.Sequence(ids, [ids.Length - 1])).ToList();

        var together = Encoder.Encode(pool, rows, null, TestContext.Current.CancellationToken);

        for (var row = 0; row < rows.Count; row++)
        {
            var alone = Encoder.Encode(pool, [rows[row]], null, TestContext.Current.CancellationToken);
            Assert.True((together[row] - alone[0]).abs().max().ReadNumber() < 1e-5);
        }
    }

    [Fact]
    public void A_model_written_and_read_again_is_the_same()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadModel(Cases()[1]);
        CausalModel.Save(folder.Path, model.Config with { VocabularySize = 60 }, AnyTokenizer, name => model.Weights[name].alias());

        using var again = ReadWeights(folder.Path);

        foreach (var (name, weight) in model.Weights)
            Assert.True(weight.equal(again.Weights[name]).all().ReadNumber() == 1, name);
    }

    [Fact]
    public void The_language_model_pass_gives_the_mean_over_all_labels_and_its_gradient()
    {
        var given = Cases()[0];
        using var model = LoadModel(given);
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 2);
        var rows = new List<TokenRow>();
        var labels = new List<int[]>();
        var expected = new List<double>();
        foreach (var sequence in given.GetProperty("sequences").EnumerateArray())
        {
            var ids = sequence.GetProperty("ids").Integers();
            int[] reads = [.. Enumerable.Range(0, ids.Length).Where(at => at % 3 != 1)];
            rows.Add(TokenRow.Sequence(ids, reads));
            labels.Add([.. reads.Select(at => (at * 7 + 3) % 60)]);
            var logits = sequence.GetProperty("logits").Matrix();
            expected.AddRange(reads.Select(at => NegativeLogLikelihood(logits[at], (at * 7 + 3) % 60)));
        }

        pool.ZeroGradients();
        Assert.Equal(expected.Average(), pool.LanguageModelPass(rows, labels, 0.5, 1), 1e-4);
        var whole = pool.SumGradients().clone();
        pool.ZeroGradients();
        var share = labels.Sum(row => row.Length);
        for (var row = 0; row < rows.Count; row++)
            pool.LanguageModelPass([rows[row]], [labels[row]], 0.5 * labels[row].Length / share, 1);
        var summed = pool.SumGradients();

        Assert.True(whole.norm().ReadNumber() > 1e-3);
        Assert.True((whole - summed).abs().max().ReadNumber() < 1e-5);

        pool.ZeroGradients();
        var shares = labels.Select(row => row.Select(_ => 1f / row.Length).ToArray()).ToList();
        var mean = pool.LanguageModelPass(rows, labels, 0.5, 1, shares);
        var equal = pool.SumGradients().clone();
        pool.ZeroGradients();
        Assert.Equal(mean, rows.Zip(labels, (row, own) => pool.LanguageModelPass([row], [own], 0.5 / rows.Count, 1)).Average(), 1e-4);
        Assert.True((equal - pool.SumGradients()).abs().max().ReadNumber() < 1e-5);
    }

    [Fact]
    public void A_training_pass_over_workers_and_blocks_gives_the_gradient_of_one_plain_graph()
    {
        using var model = LoadModel(Cases()[0]);
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 2);
        var random = new Random(5);
        var rows = Enumerable.Range(0, 300)
            .SelectMany(_ => new TextTree(Ids(20), [Branch.ReadAtEnd(Ids(4)), new Branch(Ids(5), 0)]).ToRows(100)).ToList();

        using var replica = learned.CreateReplica();
        using var decoder = new Decoder(model.Config, model.Weights, replica, null, CPU);
        var expected = cat([.. rows.Select(row =>
        {
            using var block = new TokenBlock([row], CPU);
            return decoder.Read(decoder.Embed(block.Tokens), block);
        })]);
        var weights = randn(expected.shape);
        (expected * weights).sum().backward();

        pool.ZeroGradients();
        using var pass = pool.Forward(rows, 1);
        (pass.States * weights).sum().backward();
        pass.Backward();
        var found = pool.SumGradients();

        Assert.True((pass.States - expected).abs().max().ReadNumber() < 1e-5);
        Assert.True(((found - replica.Gradient).abs().max() / replica.Gradient.abs().max()).ReadNumber() < 1e-5);

        int[] Ids(int most) => [.. Enumerable.Range(0, random.Next(1, most)).Select(_ => random.Next(60))];
    }

    [Fact]
    public void A_pass_that_is_computed_again_gives_the_gradient_of_one_that_is_kept_with_the_same_dropout()
    {
        using var model = LoadModel(Cases()[0]);
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 2, dropout: 0.2);
        var random = new Random(6);
        var rows = Enumerable.Range(0, 2000).Select(_ => Enumerable.Range(0, random.Next(5, 40)).Select(_ => random.Next(60)).ToArray())
            .Select(ids => TokenRow.Sequence(ids, [0, ids.Length - 1])).ToList();
        var weights = randn(4000, model.Config.HiddenSize);

        var kept = Gradient(recompute: false);
        var again = Gradient(recompute: true);

        Assert.True(kept.norm().ReadNumber() > 1);
        Assert.True(((kept - again).abs().max() / kept.abs().max()).ReadNumber() < 1e-5);

        Tensor Gradient(bool recompute)
        {
            pool.ZeroGradients();
            using var pass = pool.Forward(rows, 1, recompute);
            (pass.States * weights).sum().backward();
            pass.Backward();
            return pool.SumGradients().clone();
        }
    }

    [Fact]
    public void A_text_longer_than_the_context_is_a_clear_error()
    {
        using var model = LoadModel(Cases()[0]);
        using var pool = new DecoderPool(model, null, null, 1);
        var message = Assert.Throws<KalmException>(() => Encoder.Encode(
            pool, [TokenRow.Sequence(new int[model.Config.MaxPositions + 1], [0])], null, TestContext.Current.CancellationToken)).Message;
        Assert.Contains($"{model.Config.MaxPositions + 1} tokens", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embedding_passes_never_touch_the_head()
    {
        using var model = LoadModel(Cases().First(given => given.GetProperty("model").GetString() == "llama_untied"));
        model.Weights[TensorNames.Head].fill_(float.NaN.ToScalar());
        using var pool = new DecoderPool(model, null, null, 1);

        var vectors = Encoder.Encode(pool, [TokenRow.Sequence([1, 2, 3], [2])], null, TestContext.Current.CancellationToken);

        Assert.True(vectors.isfinite().all().ReadNumber() == 1);
    }

    private static double NegativeLogLikelihood(double[] logits, int label)
    {
        var highest = logits.Max();
        return Math.Log(logits.Sum(logit => Math.Exp(logit - highest))) + highest - logits[label];
    }

    private static JsonElement[] Cases() => [.. Fixture.Load("llama_logits.json").GetProperty("models").EnumerateArray()];

    private static CausalModel LoadModel(JsonElement given)
    {
        var folder = Path.Combine(Fixture.Folder, given.GetProperty("model").GetString()!);
        return given.GetProperty("adapter").GetString() is { } adapter
            ? SourceWeights.LoadAdapted(folder, Path.Combine(Fixture.Folder, adapter), AnyTokenizer) : ReadWeights(folder);
    }

    /// <summary>The fixture folders have no tokenizer, so their weights are read without one.</summary>
    private static CausalModel ReadWeights(string folder)
    {
        using var checkpoint = FolderSource.Open(folder);
        var weights = checkpoint.Config.TensorShapes()
            .ToDictionary(tensor => tensor.Name, tensor => SourceTensors.Read(checkpoint, tensor.Name, CPU));
        return new CausalModel(checkpoint.Config, AnyTokenizer, weights, CPU);
    }
}
