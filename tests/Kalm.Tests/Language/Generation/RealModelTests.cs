using System.Text.Json;
using Kalm.Language.Chat;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Sources;

namespace Kalm.Tests.Language.Generation;

/// <summary>SmolLM2-135M-Instruct from its published GGUF, against what transformers writes with the same weights.</summary>
public class RealModelTests : TorchTest
{
    [Fact]
    public void Its_template_words_chats_and_its_greedy_answers_are_those_of_transformers()
    {
        var path = DataFolder.Require("smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf");
        using var reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, "reference.json")));
        using var source = ModelSources.Open(path);
        var template = source.ReadChatTemplate()!;
        using var model = CausalModel.Load(source);
        using var pool = new DecoderPool(model, null, null, 2);
        var chats = reference.RootElement.GetProperty("chat").EnumerateArray().ToList();
        Assert.NotEmpty(chats);
        foreach (var chat in chats)
        {
            List<ChatTurn> turns = [.. chat.GetProperty("messages").EnumerateArray().Select(turn =>
                new ChatTurn(turn.GetProperty("role").GetString()!, turn.GetProperty("content").GetString()!))];
            var rendered = template.Render(turns);
            Assert.Equal(chat.GetProperty("prompt").GetString(), rendered.Text);
            int[] expected = [.. chat.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            var answer = new Generator(pool, model.Tokenizer).Continue(
                [rendered.Encode(model.Tokenizer)], new GenerationOptions { MaximumNewTokens = expected.Length },
                cancellation: TestContext.Current.CancellationToken)[0];
            int[] ends = answer.End == GenerationEnd.Stop ? [model.Tokenizer.EndId!.Value] : [];
            int[] written = [.. answer.Tokens, .. ends];
            Assert.Equal(expected, written);
            Assert.Equal(chat.GetProperty("text").GetString(), answer.Text.Trim());
        }
    }
}
