using System.Text.Json.Nodes;
using Kalm.Language.Export;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;
using static Kalm.Tests.Language.Export.ModelFolders;

namespace Kalm.Tests.Language.Export;

/// <summary>GGUF files of every architecture, read back by a reader of their own.</summary>
public class GgufExportTests : TorchTest
{
    private static readonly Dictionary<string, string> Modules = new()
    {
        ["attn_norm"] = "input_layernorm", ["ffn_norm"] = "post_attention_layernorm",
        ["attn_q"] = "self_attn.q_proj", ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj", ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm", ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_gate"] = "mlp.gate_proj", ["ffn_up"] = "mlp.up_proj", ["ffn_down"] = "mlp.down_proj",
        ["token_embd"] = "model.embed_tokens", ["output_norm"] = "model.norm", ["output"] = "lm_head",
    };

    private static readonly GgufTensorType[] Written = [GgufTensorType.F32, GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8];

    public static TheoryData<string, GgufTensorType> Models
    {
        get
        {
            var models = new TheoryData<string, GgufTensorType>();
            // llama.cpp has no attention biases for qwen3, which the last fixture has.
            foreach (var name in Architectures.SkipLast(1))
                foreach (var type in Written)
                    models.Add(name, type);
            return models;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_tensor_comes_back(string name, GgufTensorType type)
    {
        using var folder = new TemporaryFolder();
        var (file, config) = Export(folder, name, type);
        using var weights = SafetensorsShards.Open(Fixture(name));

        var expected = config.TensorShapes().Select(tensor => tensor.Name).ToHashSet();
        foreach (var (tensor, entry) in file.Tensors.Where(tensor => tensor.Key != "rope_freqs.weight"))
        {
            var original = NameOf(tensor);
            Assert.True(expected.Remove(original), tensor);
            var stored = weights.Find(original);
            Assert.Equal(stored.Shape, entry.Shape);
            var numbers = new float[stored.ElementCount];
            weights.FileOf(original).ReadSingles(stored, 0, numbers);
            Assert.Equal((uint)TypeOf(type, entry.Shape), entry.Type);
            AssertSame(numbers, Unturned(file.Numbers(tensor), tensor, config), entry.Type, entry.Shape);
        }
        Assert.Empty(expected);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Tensors_lie_one_after_the_other_each_on_a_border_of_32_bytes(string name, GgufTensorType type)
    {
        using var folder = new TemporaryFolder();
        var (file, _) = Export(folder, name, type);
        long end = 0;
        foreach (var tensor in file.Tensors.Values.OrderBy(tensor => tensor.Offset))
        {
            Assert.Equal(end, tensor.Offset);
            end = (tensor.Offset + IndependentGguf.ByteCount(tensor) + 31) / 32 * 32;
        }
        Assert.Equal(file.Length, file.DataStart + end);
    }

    [Theory]
    [InlineData("llama3", "llama")]
    [InlineData("mistral", "llama")]
    [InlineData("qwen2", "qwen2")]
    [InlineData("qwen3", "qwen3")]
    public void Keys_say_what_the_config_says(string name, string architecture)
    {
        using var folder = new TemporaryFolder();
        var (file, config) = Export(folder, name, GgufTensorType.BF16);
        Assert.Equal(architecture, file.Key<string>("general.architecture"));
        Assert.Equal("model", file.Key<string>("general.type"));
        Assert.Equal("made", file.Key<string>("general.name"));
        Assert.Equal(32u, file.Key<uint>("general.file_type"));
        Assert.Equal(2u, file.Key<uint>("general.quantization_version"));
        foreach (var (key, value) in new[]
        {
            ("vocab_size", config.VocabularySize), ("context_length", config.MaxPositions), ("embedding_length", config.HiddenSize),
            ("block_count", config.LayerCount), ("feed_forward_length", config.IntermediateSize),
            ("attention.head_count", config.HeadCount),
            ("attention.head_count_kv", config.KeyValueHeadCount), ("attention.key_length", config.HeadDimension),
            ("attention.value_length", config.HeadDimension), ("rope.dimension_count", config.HeadDimension),
        })
            Assert.Equal((uint)value, file.Key<uint>($"{architecture}.{key}"));
        Assert.Equal((float)config.NormEpsilon, file.Key<float>($"{architecture}.attention.layer_norm_rms_epsilon"));
        Assert.Equal((float)config.RopeTheta, file.Key<float>($"{architecture}.rope.freq_base"));
        Assert.Equal(config.SlidingWindow is not null, file.Keys.ContainsKey($"{architecture}.attention.sliding_window"));
        Assert.Equal(!config.TieWordEmbeddings, file.Tensors.ContainsKey("output.weight"));
    }

    [Fact]
    public void The_scaling_of_llama3_is_stored_as_divisors()
    {
        using var folder = new TemporaryFolder();
        var (file, config) = Export(folder, "llama3", GgufTensorType.F32);
        var divisors = file.Numbers("rope_freqs.weight");
        Assert.Equal(config.HeadDimension / 2, divisors.Length);
        for (var index = 0; index < divisors.Length; index++)
            Assert.Equal(Math.Pow(500000, -2.0 * index / 8) / config.RotaryFrequencies()[index], divisors[index], 1e-6 * divisors[index]);
        // Fast rotations stay, slow ones are divided by the whole factor.
        Assert.Equal((1, 8), (divisors[0], divisors[^1]));
        Assert.DoesNotContain("llama.rope.scaling.type", file.Keys.Keys);
    }

    [Fact]
    public void Linear_scaling_is_a_key()
    {
        using var folder = new TemporaryFolder();
        var (file, _) = Export(folder, "qwen2", GgufTensorType.F32,
            config => config["rope_scaling"] = JsonNode.Parse("""{"type": "linear", "factor": 2.5}"""));
        Assert.Equal("linear", file.Key<string>("qwen2.rope.scaling.type"));
        Assert.Equal(2.5f, file.Key<float>("qwen2.rope.scaling.factor"));
        Assert.DoesNotContain("rope_freqs.weight", file.Tensors.Keys);
    }

    [Fact]
    public void What_llama_cpp_cannot_do_is_refused()
    {
        using var folder = new TemporaryFolder();
        var scaling = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixture("llama3"), "config.json")))!["rope_scaling"]!;
        Assert.Contains("llama3", Assert.Throws<KalmException>(() => Export(
            folder, "qwen2", GgufTensorType.F32, config => config["rope_scaling"] = scaling.DeepClone())).Message,
            StringComparison.Ordinal);
        Assert.Contains("attention_bias",
            Assert.Throws<KalmException>(() => Export(folder, "qwen3_window", GgufTensorType.F32)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("made.gguf")));
    }

    [Fact]
    public void A_window_shorter_than_the_context_is_worth_a_warning()
    {
        using var folder = new TemporaryFolder();
        using var source = Open(Copy(folder, "mistral"));
        Assert.Contains(GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made"),
            warning => warning.Contains("longer than 6 tokens", StringComparison.Ordinal));
    }

    [Fact]
    public void A_number_too_large_for_the_type_is_named_and_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, "llama3");
        WriteAdapter(path, folder, 1e6f);
        using var source = Open(path, folder.File("adapter"));
        foreach (var type in new[] { GgufTensorType.F16, GgufTensorType.Q8 })
            Assert.Contains("blk.0.ffn_down.weight", Assert.Throws<KalmException>(() => GgufExport.Write(
                folder.File("made.gguf"), source, type, "made")).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    // A huge addition to one matrix.
    private static void WriteAdapter(string path, TemporaryFolder folder, float size)
    {
        var config = ModelConfig.Load(path);
        var files = new Sources.Adapters.AdapterFiles().Set("target_modules", "\"model.layers.0.mlp.down_proj\"")
            .Adapt("model.layers.0.mlp.down_proj", 2, config.IntermediateSize, config.HiddenSize);
        foreach (var (_, values) in files.Tensors.Values)
            Array.Fill(values, size);
        files.Write(Directory.CreateDirectory(folder.File("adapter")).FullName);
    }

    private static (IndependentGguf File, ModelConfig Config) Export(
        TemporaryFolder folder, string name, GgufTensorType type, Action<JsonObject>? change = null)
    {
        var path = Copy(folder, name);
        if (change is not null)
        {
            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "config.json")))!.AsObject();
            change(json);
            File.WriteAllText(Path.Combine(path, "config.json"), json.ToJsonString());
        }
        using var source = Open(path);
        GgufExport.Write(folder.File("made.gguf"), source, type, "made");
        return (new IndependentGguf(folder.File("made.gguf")), source.Config);
    }

    private static GgufTensorType TypeOf(GgufTensorType type, long[] shape) =>
        shape.Length == 1 ? GgufTensorType.F32 : type == GgufTensorType.Q8 && shape[^1] % 32 != 0 ? GgufTensorType.F16 : type;

    private static string NameOf(string tensor)
    {
        var parts = tensor.Split('.');
        return parts[0] == "blk" ? $"model.layers.{parts[1]}.{Modules[parts[2]]}.{parts[3]}" : $"{Modules[parts[0]]}.{parts[1]}";
    }

    // Row j D/2 + i of a head from row 2i + j, for the architectures that llama.cpp turns in neighbouring pairs.
    private static float[] Unturned(float[] numbers, string tensor, ModelConfig config)
    {
        var heads = tensor.Contains("attn_q.", StringComparison.Ordinal)
            ? config.HeadCount : tensor.Contains("attn_k.", StringComparison.Ordinal) ? config.KeyValueHeadCount : 0;
        if (heads == 0 || config.Architecture.ModelType is not ("llama" or "mistral"))
            return numbers;
        var (width, columns) = (config.HeadDimension, numbers.Length / (heads * config.HeadDimension));
        var turned = new float[numbers.Length];
        for (var head = 0; head < heads; head++)
            for (var pair = 0; pair < width / 2; pair++)
                for (var half = 0; half < 2; half++)
                    numbers.AsSpan((head * width + 2 * pair + half) * columns, columns)
                        .CopyTo(turned.AsSpan((head * width + half * width / 2 + pair) * columns));
        return turned;
    }

    private static void AssertSame(float[] expected, float[] found, uint type, long[] shape)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var index = 0; index < found.Length; index++)
        {
            var tolerance = 0f;
            if (type == 8)
            {
                // Half a step of the block's scale, and what rounding that scale to half precision moves the outermost number by.
                var largest = expected[(index / 32 * 32)..(index / 32 * 32 + 32)].Max(MathF.Abs);
                tolerance = largest / 127 * 0.5001f + largest / 2048;
            }
            var wanted = type switch
            {
                1 => (float)(Half)expected[index],
                30 => BitConverter.Int32BitsToSingle(TensorNumbers.ToBFloat16(expected[index]) << 16),
                _ => expected[index],
            };
            Assert.True(type == 8 ? MathF.Abs(wanted - found[index]) <= tolerance
                : BitConverter.SingleToInt32Bits(wanted) == BitConverter.SingleToInt32Bits(found[index]),
                $"{string.Join('x', shape)}[{index}]: found {found[index]:R}, expected {wanted:R}");
        }
    }
}
