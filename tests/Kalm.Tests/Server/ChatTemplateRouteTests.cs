using System.Text.Json.Nodes;
using Kalm.Server;
using Kalm.Tests.Extensions;

namespace Kalm.Tests.Server;

/// <summary>Chats with models that bring a chat template.</summary>
[Collection(nameof(RunningServer))]
public sealed class ChatTemplateRouteTests(RunningServer server) : IDisposable
{
    private const string Route = "/v1/chat/completions";
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task A_template_decides_the_prompt_and_no_turn_gives_way()
    {
        await using var chatting = await Serve("{% for m in messages %}[{{ m.role }}] {{ m.content|trim }}\n{% endfor %}{% if "
            + "add_generation_prompt %}[assistant] {% endif %}");
        var address = new Uri(chatting.Urls[0]);
        var tokenizer = chatting.Host.Served.Model.Model.Tokenizer;
        var messages = new JsonArray(Message("system", "Be brief."), Message("user", " Hello "));
        Assert.Equal(tokenizer.Encode("[system] Be brief.\n[user] Hello\n[assistant] ").Length, await PromptTokens());

        for (var turn = 0; turn < 40; turn++)
        {
            messages.Add(Message("assistant", $"answer {turn}"));
            messages.Add(Message("user", $"question {turn}"));
        }
        var error = await server.Fault(Route, new JsonObject { ["messages"] = messages.DeepClone() }.ToJsonString(), 400, "messages", address);
        Assert.Equal("context_length_exceeded", (string?)error["code"]);
        while (messages.Count > 4)
            messages.RemoveAt(messages.Count - 1);
        // What the assistant began is gone on with, unless it is asked otherwise.
        messages.Add(Message("assistant", " It"));
        Assert.Equal(
            tokenizer.Encode("[system] Be brief.\n[user] Hello\n[assistant] answer 0\n[user] question 0\n[assistant] ").Length
                + tokenizer.EncodeSaid(" It").Length, await PromptTokens());

        async Task<int> PromptTokens() =>
            (int)(await server.PostWell(
                Route, new JsonObject { ["messages"] = messages.DeepClone(), ["max_tokens"] = 8 }, address))["usage"]!["prompt_tokens"]!;
    }

    [Fact]
    public async Task A_template_that_cannot_be_used_or_refuses_the_chat_is_told_and_nothing_else_suffers()
    {
        const string Question = """{"messages":[{"role":"user","content":"a"}]}""";
        await using (var unsupported = await Serve("a\n{% include 'b' %}"))
        {
            var address = new Uri(unsupported.Urls[0]);
            var error = await server.Fault(Route, Question, 400, "messages", address);
            Assert.Equal("chat_template_unsupported", (string?)error["code"]);
            Assert.Contains("(2,4): the tag 'include' is not supported", (string?)error["message"], StringComparison.Ordinal);
            await server.PostWell("/v1/embeddings", new JsonObject { ["input"] = "a" }, address);
        }
        await using var raising = await Serve("{{ raise_exception('no such chats') }}");
        Assert.Contains("no such chats",
            (string?)(await server.Fault(Route, Question, 400, "messages", new Uri(raising.Urls[0])))["message"], StringComparison.Ordinal);
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private Task<KalmServer> Serve(string template) =>
        RunningServer.Another(server.Options() with { Model = ChatFolder.Make(folder, server.Model, template) });

    public void Dispose() => folder.Dispose();
}
