using Kalm.Engine;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Sources.Adapters;

/// <summary>The arithmetic of what adapters do to single tensors, by the formulas of their papers in F64.</summary>
public sealed class AdapterMergeTests : TorchTest, IDisposable
{
    private const string Module = "model.layers.0.mlp.up_proj", Peft = "base_model.model.", Embedding = Peft + "model.embed_tokens.";
    private static readonly string Tied = Path.Combine(Fixture.Folder, "llama_tiny");
    private static readonly string Untied = Path.Combine(Fixture.Folder, "llama_untied");
    private readonly TemporaryFolder folder = new();

    void IDisposable.Dispose()
    {
        folder.Dispose();
        Dispose();
    }

    [Theory]
    [InlineData(TensorType.F32, 1e-6)]
    [InlineData(TensorType.F16, 1e-3)]
    [InlineData(TensorType.BF16, 1e-2)]
    public void Matrices_may_be_of_any_type(TensorType type, double tolerance)
    {
        var files = AdapterFiles.For(ModelConfig.Load(Tied));
        var expected = Base(Tied, Module + ".weight").Plus(Times(2, Value(files, Up).mm(Value(files, Down))));
        AssertMerges(expected, files, Module + ".weight", Tied, type, tolerance);
    }

    [Fact]
    public void Rows_have_the_lengths_of_a_decomposed_adapter()
    {
        var files = AdapterFiles.For(ModelConfig.Load(Tied)).Set("use_dora", "true").Put(Peft + Module + ".lora_magnitude_vector", 48)
            .Put(Peft + "model.layers.1.mlp.up_proj.lora_magnitude_vector", 48);
        var sum = Base(Tied, Module + ".weight").Plus(Times(2, Value(files, Up).mm(Value(files, Down))));
        var lengths = Value(files, Peft + Module + ".lora_magnitude_vector").view(-1, 1);
        AssertMerges(sum * lengths / (sum * sum).sum(1, keepdim: true).sqrt(), files, Module + ".weight");
    }

    [Fact]
    public void Columns_of_an_embedding_have_the_lengths_of_a_decomposed_adapter()
    {
        var files = new AdapterFiles().Set("use_dora", "true").Set("target_modules", """["embed_tokens"]""")
            .Put(Embedding + "lora_embedding_A", 2, 60).Put(Embedding + "lora_embedding_B", 32, 2)
            .Put(Embedding + "lora_magnitude_vector", 32);
        var product = Value(files, Embedding + "lora_embedding_B").mm(Value(files, Embedding + "lora_embedding_A")).t();
        var sum = Base(Tied, TensorNames.Embedding).Plus(Times(2, product));
        var lengths = Value(files, Embedding + "lora_magnitude_vector").view(1, -1);
        AssertMerges(sum * lengths / (sum * sum).sum(0, keepdim: true).sqrt(), files, TensorNames.Embedding);
        AssertMerges(Base(Tied, TensorNames.Embedding), files, TensorNames.Head);
    }

    // Both methods begin with the product that they take out, so at that beginning the merged weight is the base's.
    [Theory]
    [InlineData("olora")]
    [InlineData("pissa")]
    public void What_training_took_out_of_the_base_is_taken_out(string start)
    {
        const double Scale = 2;
        var weight = Base(Tied, Module + ".weight");
        Tensor up, down;
        if (start == "olora")
        {
            var (directions, columns) = linalg.qr(weight);
            (up, down) = (directions.narrow(1, 0, 2), columns.narrow(0, 0, 2));
        }
        else
        {
            var (left, values, right) = linalg.svd(weight, fullMatrices: false);
            var root = Times(1 / Scale, values.narrow(0, 0, 2)).sqrt();
            (up, down) = (left.narrow(1, 0, 2) * root, root.view(-1, 1) * right.narrow(0, 0, 2));
        }
        var files = AdapterFiles.For(ModelConfig.Load(Tied)).Set("init_lora_weights", $"\"{start}\"");
        files.Tensors[Up] = ([48, 2], Singles(up));
        files.Tensors[Down] = ([2, 32], Singles(down));
        AssertMerges(weight, files, Module + ".weight");
        // A copy of the weight as training left it has it taken out already.
        files.Put(Peft + Module + ".base_layer.weight", 48, 32);
        AssertMerges(Value(files, Peft + Module + ".base_layer.weight").Plus(Times(Scale, up.mm(down))), files, Module + ".weight");
    }

    [Fact]
    public void A_bias_of_B_becomes_one_of_the_module_and_the_architecture_says_so()
    {
        var rows = ModelConfig.Load(Untied).IntermediateSize;
        var files = AdapterFiles.For(ModelConfig.Load(Untied)).Set("lora_bias", "true")
            .Put(Peft + Module + ".lora_B.bias", rows).Put(Peft + "model.layers.1.mlp.up_proj.lora_B.bias", rows);
        AssertMerges(Times(2, Value(files, Peft + Module + ".lora_B.bias")), files, Module + ".bias", Untied);
        using var merged = Open(Untied);
        Assert.True(merged.Config.MlpBias);
        Assert.Equal(0, merged.Read("model.layers.0.mlp.gate_proj.bias").abs().sum().ReadNumber());
        using var exported = new TemporaryFolder();
        HuggingFaceExport.Write(exported.Path, merged, TensorType.F32);
        using var checkpoint = FolderSource.Open(exported.Path);
        Assert.True(checkpoint.Config.MlpBias);
    }

    [Fact]
    public void Rows_of_single_tokens_are_the_tied_head_s_too_unless_it_has_its_own()
    {
        const string Delta = "token_adapter.trainable_tokens_delta";
        var files = AdapterFiles.For(ModelConfig.Load(Tied))
            .Set("trainable_token_indices", """{"embed_tokens": [7, 3]}""").Put(Embedding + Delta, 2, 32);
        files.Write(folder.Path);
        using (var merged = Open(Tied))
            Assert.True(merged.Config.TieWordEmbeddings);
        AssertRows(TensorNames.Embedding, Embedding + Delta, 7, 3);

        files.Set("trainable_token_indices", """{"embed_tokens": [7, 3], "lm_head": [9]}""").Put(Peft + "lm_head." + Delta, 1, 32);
        AssertRows(TensorNames.Embedding, Embedding + Delta, 7, 3);
        AssertRows(TensorNames.Head, Peft + "lm_head." + Delta, 9);

        void AssertRows(string name, string values, params long[] rows)
        {
            var expected = Base(Tied, TensorNames.Embedding);
            for (var at = 0; at < rows.Length; at++)
                expected[rows[at]] = Value(files, values)[at];
            AssertMerges(expected, files, name);
        }
    }

    [Fact]
    public void A_smaller_vocabulary_drops_the_last_tokens_of_what_the_adapter_lacks()
    {
        var files = AdapterFiles.For(ModelConfig.Load(Untied))
            .Set("modules_to_save", """["embed_tokens"]""").Put(Embedding + "weight", 57, 48);
        AssertMerges(Base(Untied, TensorNames.Head).narrow(0, 0, 57), files, TensorNames.Head, Untied);
        AssertMerges(Value(files, Embedding + "weight"), files, TensorNames.Embedding, Untied);
    }

    [Theory]
    [InlineData("null", "q_proj")]
    [InlineData("\".*language_model.*up_proj\"", "up_proj")]
    public void Targets_may_be_those_customary_or_those_of_a_wrapper(string targets, string adapted)
    {
        var files = new AdapterFiles().Set("target_modules", targets).Set("lora_alpha", "2");
        var (outputs, part) = adapted == "q_proj" ? (32, "self_attn") : (48, "mlp");
        files.Adapt($"model.language_model.layers.0.{part}.{adapted}", 2, 32, outputs);
        var name = $"model.layers.0.{part}.{adapted}.weight";
        var product = Value(files, $"{Peft}model.language_model.layers.0.{part}.{adapted}.lora_B.weight")
            .mm(Value(files, $"{Peft}model.language_model.layers.0.{part}.{adapted}.lora_A.weight"));
        AssertMerges(Base(Tied, name).Plus(product), files, name);
    }

    [Theory]
    [InlineData("self_attn.o_proj.weight", 32, 32)]
    [InlineData("self_attn.o_proj.base_layer.weight", 32, 32)]
    public void A_weight_that_the_file_holds_without_adapting_it_counts(string name, int rows, int columns)
    {
        var files = AdapterFiles.For(ModelConfig.Load(Tied)).Put($"{Peft}model.layers.0.{name}", rows, columns);
        AssertMerges(Value(files, $"{Peft}model.layers.0.{name}"), files, "model.layers.0.self_attn.o_proj.weight");
    }

    private const string Up = Peft + Module + ".lora_B.weight", Down = Peft + Module + ".lora_A.weight";

    private void AssertMerges(
        Tensor expected, AdapterFiles files, string name, string? model = null, TensorType type = TensorType.F32, double tolerance = 1e-6)
    {
        files.Write(folder.Path, type);
        using var merged = Open(model ?? Tied);
        Assert.DoesNotContain(merged.Warnings, warning => !warning.Contains("no matrices", StringComparison.Ordinal));
        Assert.Contains(merged.Config.TensorShapes(), tensor => tensor.Name == name);
        Fixture.AssertClose(expected.contiguous().data<double>().ToArray(), merged.Read(name), tolerance);
    }

    private SourceWeights Open(string model) => SourceWeights.Open(model, folder.Path);

    private static Tensor Base(string model, string name)
    {
        using var source = FolderSource.Open(model);
        using var weight = SourceTensors.Read(source, name, CPU);
        return weight.to(ScalarType.Float64);
    }

    private static Tensor Value(AdapterFiles files, string name) =>
        tensor(files.Tensors[name].Values, files.Tensors[name].Shape).to(ScalarType.Float64);

    private static Tensor Times(double factor, Tensor values)
    {
        using var scale = factor.ToScalar();
        return values.mul(scale);
    }

    private static float[] Singles(Tensor values) => values.to(ScalarType.Float32).contiguous().data<float>().ToArray();
}
