using System.Text.Json;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Sources.Gguf;

/// <summary>Files that llama.cpp's own converter wrote, against what transformers computes with the folders they were made from.</summary>
public class GgufModelTests : TorchTest
{
    public static TheoryData<string> Families => 
        ["llama", "llama-llama3-rope", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "smollm3", "granite", "ernie4_5"];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_file_of_each_family_has_the_likelihood_of_the_folder_it_was_made_from(string family)
    {
        using var model = GgufModel.Open(DataFolder.Require($"gguf-families/{family}.gguf"));
        var reference = Json("gguf-families/reference.json");
        var expected = reference.GetProperty("models").GetProperty(family);

        var found = GgufModels.Likelihoods(model, [.. reference.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]);

        var each = expected.GetProperty("nll").EnumerateArray().Select(value => value.GetDouble()).ToArray();
        Assert.Equal(each.Length, found.Length);
        Assert.All(each.Zip(found), pair => Assert.InRange(pair.Second, pair.First - 2e-5, pair.First + 2e-5));
        Assert.InRange(found.Sum(), expected.GetProperty("sum_nll").GetDouble() - 1e-4, expected.GetProperty("sum_nll").GetDouble()
            + 1e-4);
        Assert.Empty(model.Warnings);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void The_tokenizer_of_each_file_gives_the_ids_of_Llama_2(string family)
    {
        using var model = GgufModel.Open(DataFolder.Require($"gguf-families/{family}.gguf"));
        var tokenizer = model.Tokenizer();
        var reference = Json("gguf-families/reference.json");
        var text = reference.GetProperty("text").GetString()!;
        if (family.StartsWith("gemma", StringComparison.Ordinal))
        {
            // Those files say that no space is put before a text.
            Assert.Equal(reference.GetProperty("text_ids").EnumerateArray().Select(id => id.GetInt32()), tokenizer.Encode(" " + text));
            return;
        }
        Assert.Equal(reference.GetProperty("text_ids").EnumerateArray().Select(id => id.GetInt32()), tokenizer.Encode(text));
        foreach (var vector in Json("tokenizers/llama-2/vectors.json").EnumerateArray())
        {
            var ids = vector.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            Assert.Equal(ids, tokenizer.Encode(vector.GetProperty("text").GetString()!));
            Assert.Equal(vector.GetProperty("text").GetString(), tokenizer.Decode(ids));
        }
        Assert.Equal((1, 2), (tokenizer.BeginId, tokenizer.EndId));
    }

    [Fact]
    public void A_published_model_has_its_tensors_its_tokens_and_its_likelihood()
    {
        using var model = GgufModel.Open(Published());
        var reference = Json("smollm2-135m/reference.json");
        using var folder = new TemporaryFolder();
        model.Tokenizer().Save(folder.Path);
        foreach (var tokenizer in (Tokenizer[])[model.Tokenizer(), Tokenizer.Load(folder.Path)])
            foreach (var vector in reference.GetProperty("tokens").EnumerateArray())
            {
                var ids = vector.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
                Assert.Equal(ids, tokenizer.Encode(vector.GetProperty("text").GetString()!));
                Assert.Equal(vector.GetProperty("text").GetString(), tokenizer.Decode(ids));
            }
        foreach (var entry in reference.GetProperty("tensors").EnumerateObject())
        {
            var tensor = model.TryFind(entry.Name)!;
            var numbers = new float[tensor.Stored.ElementCount];
            model.ReadSingles(tensor, 0, numbers);
            Assert.Equal(entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), tensor.Shape);
            foreach (var (first, number) in entry.Value.GetProperty("first8").EnumerateArray().Zip(numbers))
                Assert.InRange(number, first.GetDouble() - 1e-6, first.GetDouble() + 1e-6);
            Assert.Equal(entry.Value.GetProperty("sum").GetDouble(), numbers.Sum(number => (double)number), 1e-3);
            Assert.Equal(entry.Value.GetProperty("sum_of_squares").GetDouble(), numbers.Sum(number => (double)number * number), 1e-3);
        }
        var text = reference.GetProperty("text");
        var found = GgufModels.Likelihoods(model, [.. text.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]);
        Assert.InRange(Math.Exp(found.Average()), text.GetProperty("perplexity").GetDouble() - 1e-3,
            text.GetProperty("perplexity").GetDouble() + 1e-3);
    }

    [Fact]
    public void A_published_model_says_what_belongs_to_it()
    {
        using var model = GgufModel.Open(Published());
        Assert.Equal((2, 0), (model.EndTokenIds[0], model.EndTokenIds[1]));
        Assert.Equal("apache-2.0", model.Metadata.Text("general.license"));
        Assert.StartsWith("{% for message in messages %}", model.ChatTemplate, StringComparison.Ordinal);
        Assert.Null(model.Generation.Temperature);
        Assert.Equal(Published(), Assert.Single(model.Files));
        Assert.Null(model.Tokenizer().BeginId);
        Assert.Empty(model.Warnings);
    }

    [Fact]
    public void Opening_reads_no_data_and_rows_come_as_they_are_stored()
    {
        using var model = GgufModel.Open(Published());
        var tensor = model.TryFind("model.layers.3.self_attn.k_proj.weight")!;
        Assert.Equal(GgufTensorType.Q4WithMinimum, tensor.Stored.Type);
        var width = (int)tensor.Shape[1];
        var bytes = new byte[5 * tensor.Stored.Type.ByteCount(width)];
        model.ReadRows(tensor, 62, bytes);
        var (fromRows, direct) = (new float[5 * width], new float[5 * width]);
        GgufBlocks.Dequantize(tensor.Stored.Type, bytes, fromRows);
        model.ReadSingles(tensor, 62L * width, direct);
        Assert.Equal(direct, fromRows);
        model.Release(tensor);
        model.ReadSingles(tensor, (62L * width) + 7, direct.AsSpan(0, 2 * width));
        Assert.Equal(fromRows[7..((2 * width) + 7)], direct[..(2 * width)]);
    }

    private static string Published() => DataFolder.Require("smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf");

    private static JsonElement Json(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(DataFolder.Require(name)));
        return document.RootElement.Clone();
    }
}
