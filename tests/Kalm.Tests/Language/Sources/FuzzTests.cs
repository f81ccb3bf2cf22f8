using System.Diagnostics;
using System.Globalization;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Pickled;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Language.Sources.Gguf;
using Kalm.Tests.Language.Sources.Pickled;
using Kalm.Tests.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources;

/// <summary>Damaged files are read or refused with a <see cref="KalmException"/>: no other exception, no more than a second, no more memory
/// than the file's size and 64 MB. By default 1 % of the full count, which this command runs (safetensors headers 1,000,000; pickled
/// weights 200,000; index, config.json and adapter_config.json 100,000 each):
/// <code>KALM_FUZZ=1000000 dotnet run -c Release --project tests/Kalm.Tests -- \
///     -class Kalm.Tests.Language.Sources.FuzzTests -showLiveOutput</code>
/// A case that fails names its seed; KALM_FUZZ_SEED=SEED repeats it alone.</summary>
public sealed class FuzzTests : IDisposable
{
    private const int DefaultCount = 10_000;
    private const long SpareBytes = 64L << 20;
    private const int MostMessageLength = 1000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private static readonly ModelConfig Small = new()
    {
        HiddenSize = 8, IntermediateSize = 12, LayerCount = 1, HeadCount = 2,
        KeyValueHeadCount = 1, HeadDimension = 4, VocabularySize = 10, TieWordEmbeddings = true,
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Safetensors_headers()
    {
        string[] sound =
        [
            """{"__metadata__":{"format":"pt"},"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"é":{"dtype":"BF16","""
                + "\"shape\":[2],\"data_offsets\":[24,28]},\"n\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[28,28]}}",
            """{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"BOOL","shape":[1,3],"data_offsets":[1,4]},"""
                + "\"c\":{\"data_offsets\":[4,28],\"dtype\":\"F64\",\"shape\":[3]}}   ",
            """{"model.layers.0.mlp.up_proj.weight":{"dtype":"F16","shape":[7,2],"data_offsets":[0,28]}}""",
        ];
        const int DataLength = 28;
        var path = _folder.File("model.safetensors");
        Run("safetensors headers", Count(1), random =>
        {
            var header = JsonMutator.Mutate(random, sound);
            // Mostly the length is right and the data is all there, so that the fault lies within the JSON.
            var length = random.Next(10) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => ulong.MaxValue - (ulong)random.Next(20),
                2 => (ulong)random.Next(header.Length + DataLength + 2),
                _ => (ulong)header.Length,
            };
            var data = new byte[random.Next(8) == 0 ? random.Next(DataLength + 2) : DataLength];
            var file = SafetensorsBytes.MakeWithLength(length, header, data);
            return random.Next(20) == 0 ? file[..random.Next(file.Length)] : file;
        }, bytes => Replace(path, bytes), () =>
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var entry in file.Tensors.Values)
                file.ReadSingles(entry, 0, new float[entry.ElementCount]);
        });
    }

    [Fact]
    public void Gguf_files()
    {
        byte[][] sound = [GgufBytes.SmallModel("gpt2").Make(), GgufBytes.SmallModel("llama").Make()];
        var path = _folder.File("model.gguf");
        Run("GGUF", Count(4), random => GgufBytes.Mutate(random, sound), bytes => Replace(path, bytes), () =>
        {
            using var model = GgufModel.Open(path);
            foreach (var (name, _) in model.Config.TensorShapes())
            {
                var tensor = model.TryFind(name)!;
                model.ReadSingles(tensor, 0, new float[tensor.Stored.ElementCount]);
            }
            _ = model.Tokenizer().Encode("the cat");
            _ = model.Generation.ToJson(model.Config.BeginTokenId, model.EndTokenIds);
        });
    }

    [Fact]
    public void Indexes()
    {
        Small.Save(_folder.Path);
        string[] names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
        var tensors = Small.TensorShapes().ToList();
        foreach (var (shard, part) in tensors.Chunk((tensors.Count + 1) / 2).Index())
            SparseCheckpoint.WriteFile(_folder.File(names[shard]), part, "F32", 4);
        var map = string.Join(",", tensors.Select((tensor, place) => $"\"{tensor.Name}\":\"{names[2 * place / (tensors.Count + 1)]}\""));
        string[] sound = [$"{{\"metadata\":{{\"total_size\":2080}},\"weight_map\":{{{map}}}}}", $"{{\"weight_map\": {{{map}}} }}\n"];
        Run("indexes", Count(10), random => JsonMutator.Mutate(random, sound),
            bytes => Replace(_folder.File("model.safetensors.index.json"), bytes), () =>
        {
            using var checkpoint = FolderSource.Open(_folder.Path);
            Assert.All(checkpoint.Files, file => Assert.Equal(_folder.Path, Path.GetDirectoryName(file)));
        });
    }

    [Fact]
    public void Pickled_weights()
    {
        var sound = File.ReadAllBytes(Path.Combine(Fixture.Folder, "pickled", "kinds.bin"));
        var (pickle, storages) = PickleBytes.Open(sound);
        var path = _folder.File("pytorch_model.bin");
        Run("pickled weights", Count(5), random => random.Next(3) == 0 ? PickleBytes.Damage(random, sound)
            : PickleBytes.Archive(PickleBytes.Damage(random, pickle), storages), bytes => Replace(path, bytes), () =>
        {
            using var file = PickledFile.Open(path);
            foreach (var tensor in file.Tensors)
                file.ReadSingles(tensor.Name, 0, new float[tensor.ElementCount]);
        });
    }

    [Fact]
    public void Model_configurations()
    {
        const string Sizes = "\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":3,\"num_attention_heads\":4,"
            + "\"num_key_value_heads\":2,\"vocab_size\":100,\"rms_norm_eps\":1e-05";
        string[] sound =
        [
            $$"""{"architectures":["LlamaForCausalLM"],"model_type":"llama",{{Sizes}},"rope_theta":500000.0,"""
                + "\"rope_scaling\":{\"factor\":8.0,\"high_freq_factor\":4.0,\"low_freq_factor\":1.0,"
                + "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"},\"eos_token_id\":[4,5],"
                + "\"bos_token_id\":1,\"torch_dtype\":\"bfloat16\",\"max_position_embeddings\":131072}",
            $$"""{"model_type":"llama",{{Sizes}},"rope_scaling":{"type":"linear","factor":2.0},"attention_bias":true,"""
                + "\"mlp_bias\":false,\"hidden_act\":\"silu\",\"tie_word_embeddings\":true,\"pad_token_id\":null}",
            $$"""{"model_type":"mistral",{{Sizes}},"sliding_window":4096,"head_dim":32,"rope_parameters":{"rope_theta":10000.0,"""
                + "\"rope_type\":\"default\"},\"dtype\":\"float16\"}",
            $$"""{"model_type":"qwen2",{{Sizes}},"use_sliding_window":true,"sliding_window":16,"max_window_layers":1,"eos_token_id":7}""",
            $$"""{"model_type":"qwen3",{{Sizes}},"head_dim":16,"layer_types":["full_attention","sliding_attention","""
                + "\"full_attention\"],\"sliding_window\":8,\"use_sliding_window\":true}",
        ];
        var again = Directory.CreateDirectory(_folder.File("again")).FullName;
        var path = _folder.File(ModelConfig.FileName);
        Run("config.json", Count(10), random => JsonMutator.Mutate(random, sound), bytes => Replace(path, bytes), () =>
        {
            var config = ModelConfig.Load(_folder.Path);
            Assert.All(config.TensorShapes().Take(50), tensor => Assert.All(tensor.Shape, size => Assert.True(size > 0)));
            config.Save(again);
            Assert.Equivalent(config, ModelConfig.Load(again), strict: true);
        });
    }

    [Fact]
    public void Adapter_configurations()
    {
        string[] sound =
        [
            """{"peft_type":"LORA","task_type":"CAUSAL_LM","base_model_name_or_path":"base","r":8,"lora_alpha":16,"""
                + "\"lora_dropout\":0.05,\"target_modules\":[\"gate_proj\",\"mlp.up_proj\"],\"bias\":\"none\",\"use_rslora\":false,"
                + "\"inference_mode\":true,\"init_lora_weights\":true,\"modules_to_save\":null,\"rank_pattern\":{},\"alpha_pattern\":{},"
                + "\"layers_to_transform\":null,\"use_dora\":false,\"peft_version\":\"0.17.1\"}",
            """{"peft_type":"LORA","r":4,"lora_alpha":32.0,"use_rslora":true,"target_modules":"all-linear","""
                + "\"init_lora_weights\":\"gaussian\"}",
            """{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":".*\\.(q|v)_proj","""
                + "\"rank_pattern\":{\"^model.layers.0.mlp.up_proj\":2},\"alpha_pattern\":{\"q_proj\":3.5},"
                + "\"modules_to_save\":[\"lm_head\"]}",
        ];
        var path = _folder.File(AdapterConfig.FileName);
        Run("adapter_config.json", Count(10), random => JsonMutator.Mutate(random, sound), bytes => Replace(path, bytes), () =>
        {
            var config = AdapterConfig.Load(_folder.Path);
            Assert.True(double.IsFinite(config.Scale));
            _ = config.Targets("model.layers.31.self_attn.q_proj");
        });
    }

    private static void Run(string name, int count, Func<Random, byte[]> make, Action<byte[]> write, Action open)
    {
        var only = Environment.GetEnvironmentVariable("KALM_FUZZ_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : (int?)null;
        var (read, refused, slowest, largest) = (0, 0, TimeSpan.Zero, 0L);
        var watch = Stopwatch.StartNew();
        for (var seed = only ?? 1; seed <= (only ?? count); seed++)
        {
            var bytes = make(new Random(seed));
            write(bytes);
            // The first time may hold a pause that is not the reader's.
            var (isRead, time, allocated) = Open(seed, open);
            if (time > Longest)
                (isRead, time, allocated) = Open(seed, open);
            Assert.True(time <= Longest, $"{name}: seed {seed}: took {time.TotalSeconds:F1} s for {bytes.Length} bytes");
            Assert.True(allocated <= bytes.Length + SpareBytes, $"{name}: seed {seed}: allocated {allocated} bytes for {bytes.Length}");
            (read, refused) = isRead ? (read + 1, refused) : (read, refused + 1);
            slowest = time > slowest ? time : slowest;
            largest = Math.Max(largest, allocated);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {read + refused:N0} cases in {watch.Elapsed.TotalSeconds:F0} s: {read:N0} read, {refused:N0} refused, slowest "
                + $"{slowest.TotalMilliseconds:F0} ms, most allocated {largest / 1024.0:F0} kB"));
        if (only is null)
            Assert.True(read > 0 && refused > 0, $"{name}: {read} read, {refused} refused: the damage is of one kind only");
    }

    private static (bool IsRead, TimeSpan Time, long Allocated) Open(int seed, Action open)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var isRead = true;
        try
        {
            open();
        }
        catch (KalmException error)
        {
            isRead = false;
            var isShort = error.Message.Length <= MostMessageLength && error.Message.Split('\n').Length <= 5;
            Assert.True(isShort && !error.Message.Any(letter => char.IsControl(letter) && letter != '\n'),
                $"seed {seed}: the message is long or unprintable: {error.Message}");
        }
        catch (Exception error)
        {
            Assert.Fail($"seed {seed}: {error}");
        }
        return (isRead, watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int Count(int divisor) =>
        (Environment.GetEnvironmentVariable("KALM_FUZZ") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : DefaultCount) / divisor;

    // A file still mapped keeps its pages: the name gets a new file.
    private static void Replace(string path, byte[] bytes)
    {
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
    }
}
