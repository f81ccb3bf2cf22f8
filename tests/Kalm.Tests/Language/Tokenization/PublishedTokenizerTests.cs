using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Tokenizers as they are published, against what Hugging Face tokenizers makes of hard texts.</summary>
public class PublishedTokenizerTests
{
    [Theory]
    [InlineData("llama-3")]
    [InlineData("qwen-3")]
    public void All_hard_texts_are_encoded_and_decoded_exactly(string name)
    {
        var folder = DataFolder.Require($"tokenizers/{name}");
        var tokenizer = Tokenizer.Load(folder);
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "vectors.json")))!.AsArray();
        Assert.Equal(50, vectors.Count);
        foreach (var vector in vectors)
        {
            int[] ids = [.. vector!["ids"]!.AsArray().Select(id => (int)id!)];
            Assert.Equal(ids, tokenizer.Encode((string)vector["text"]!));
            Assert.Equal((string)vector["decoded"]!, tokenizer.Decode(ids));
        }
    }
}
