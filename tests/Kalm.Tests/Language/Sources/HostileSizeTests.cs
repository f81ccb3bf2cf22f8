using Kalm.Tests.Language.Sources.Safetensors;
using System.Diagnostics;
using System.Text;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources;

/// <summary>Files as large as the readers take them, of little text and many parts: reading or refusing one costs no more than its size
/// and 64 MB, and no more than a second.</summary>
public sealed class HostileSizeTests : IDisposable
{
    // Far more than reading takes on a loaded machine, far less than a reader that goes over all again for every part.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private const int Megabyte = 1 << 20;
    private const long SpareBytes = 64L << 20;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("empty lists", "{\"a\":[", "[],", "[]]}", 1)]
    [InlineData("many keys", "{", "\"#\":1,", "\"a\":1}", 1)]
    [InlineData("one text", "{\"model_type\":\"", "x", "\"}", 1)]
    [InlineData("one escaped text", "{\"model_type\":\"", "\\u0041", "\"}", 1)]
    [InlineData("many end tokens", "{\"model_type\":\"llama\",\"hidden_size\":8,\"intermediate_size\":8,\"num_hidden_layers\":1,"
        + "\"num_attention_heads\":2,\"vocab_size\":9,\"eos_token_id\":[", "1,", "1]}", 1)]
    [InlineData("many layer types", "{\"model_type\":\"qwen3\",\"hidden_size\":8,\"intermediate_size\":8,\"num_hidden_layers\":1,"
        + "\"num_attention_heads\":2,\"num_key_value_heads\":2,\"vocab_size\":9,\"layer_types\":[", "\"full_attention\",", "1]}", 1)]
    [InlineData("beyond the limit", "{\"a\":\"", "x", "\"}", 2)]
    public void Configurations(string name, string begin, string part, string end, int megabytes)
    {
        Assert.NotEmpty(name);
        Write("config.json", begin, part, end, megabytes);
        AssertBounded(_folder.File("config.json"), () => ModelConfig.Load(_folder.Path));
        File.Move(_folder.File("config.json"), _folder.File("adapter_config.json"));
        AssertBounded(_folder.File("adapter_config.json"), () => AdapterConfig.Load(_folder.Path));
    }

    [Theory]
    [InlineData("many targets", "{\"peft_type\":\"LORA\",\"r\":1,\"lora_alpha\":1,\"target_modules\":[", "\"#\",", "\"a\"]}")]
    [InlineData("many ranks", "{\"peft_type\":\"LORA\",\"r\":1,\"lora_alpha\":1,\"target_modules\":[\"a\"],\"rank_pattern\":{",
        "\"#\":1,", "\"a\":1}}")]
    [InlineData("many patterns", "{\"peft_type\":\"LORA\",\"r\":1,\"lora_alpha\":1,\"target_modules\":[\"a\"],\"rank_pattern\":{",
        "\"(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+"
            + "(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+"
            + "(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+(a|b)*[c-x]+#\":1,",
        "\"a\":1}}")]
    public void Adapter_configurations(string name, string begin, string part, string end)
    {
        Assert.NotEmpty(name);
        Write("adapter_config.json", begin, part, end, 1);
        AssertBounded(_folder.File("adapter_config.json"), () => AdapterConfig.Load(_folder.Path));
    }

    [Theory]
    [InlineData("many tensors of one file", "{\"weight_map\":{", "\"#\":\"x.safetensors\",", "\"a\":\"x.safetensors\"}}", 4)]
    [InlineData("many files", "{\"weight_map\":{", "\"#\":\"#.safetensors\",", "\"a\":\"x.safetensors\"}}", 4)]
    [InlineData("too many tensors", "{\"weight_map\":{", "\"#\":\"x.safetensors\",", "\"a\":\"x.safetensors\"}}", 31)]
    [InlineData(
        "long names", "{\"weight_map\":{",
        "\"#xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\":\"x.safetensors\",",
        "\"a\":\"x.safetensors\"}}", 31)]
    [InlineData("metadata", "{\"metadata\":[", "[],", "[]],\"weight_map\":{}}", 31)]
    [InlineData("beyond the limit", "{\"a\":\"", "x", "\"}", 33)]
    public void Indexes(string name, string begin, string part, string end, int megabytes)
    {
        Assert.NotEmpty(name);
        Write("model.safetensors.index.json", begin, part, end, megabytes);
        AssertBounded(_folder.File("model.safetensors.index.json"), () => SafetensorsShards.Open(_folder.Path).Dispose());
    }

    [Theory]
    [InlineData("many tensors", "{", "\"#\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
        "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 7)]
    [InlineData("too many tensors", "{", "\"#\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
        "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 30)]
    [InlineData("metadata", "{\"__metadata__\":{", "\"#\":\"\",", "\"a\":\"\"}}", 30)]
    [InlineData("a long shape", "{\"a\":{\"dtype\":\"U8\",\"shape\":[", "0,", "0],\"data_offsets\":[0,0]}}", 30)]
    [InlineData("white space", "{", " ", "}", 30)]
    public void Safetensors_headers(string name, string begin, string part, string end, int megabytes)
    {
        Assert.NotEmpty(name);
        var header = Write("header", begin, part, end, megabytes);
        var path = _folder.File("model.safetensors");
        File.WriteAllBytes(path, SafetensorsBytes.Make(header));
        AssertBounded(path, () => SafetensorsFile.Open(path).Dispose());
    }

    // The part is repeated, a '#' in it replaced by a running number.
    private byte[] Write(string name, string begin, string part, string end, int megabytes)
    {
        var text = new StringBuilder(begin);
        var pieces = part.Split('#');
        for (var number = 0; text.Length + part.Length + end.Length + 30 < (long)megabytes * Megabyte; number++)
            text.AppendJoin($"{number}", pieces);
        var bytes = Encoding.UTF8.GetBytes(text.Append(end).ToString());
        File.WriteAllBytes(_folder.File(name), bytes);
        return bytes;
    }

    internal static void AssertBounded(string path, Action open)
    {
        var (time, allocated) = Measure(open);
        // The first time may hold a pause that is not the reader's.
        if (time > Patience)
            (time, _) = Measure(open);
        var size = new FileInfo(path).Length;
        Assert.True(allocated <= size + SpareBytes, $"allocated {allocated} bytes for a file of {size}");
        Assert.True(time <= Patience, $"took {time.TotalSeconds:F1} s for a file of {size} bytes");
    }

    private static (TimeSpan Time, long Allocated) Measure(Action open)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        try
        {
            open();
        }
        catch (KalmException)
        {
            // Refusing is as good as reading.
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{watch.Elapsed.TotalMilliseconds:F0} ms, {(GC.GetAllocatedBytesForCurrentThread() - before) / 1e6:F1} MB");
        return (watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
