using System.Text.Json;
using Kalm.Extensions;
using Microsoft.Extensions.AI;

namespace Kalm.Tests.Extensions;

/// <summary>Functions that a model calls and forms that it keeps to, by Microsoft.Extensions.AI.</summary>
public sealed class FunctionCallingTests : IClassFixture<SharedFixture>, IDisposable
{
    // A tiny model has little room for words about tools.
    private const string Brief = "{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}:"
        + "{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments.kind }}{% else %}{{ m.content }}{% endif %};{% endfor %}";

    private readonly SharedModel model;
    private readonly KalmChatClient chat;

    public FunctionCallingTests(SharedFixture fixture)
    {
        model = SharedModel.Load(ChatFolder.Make(fixture.Folder, fixture.Path, Brief), new SharedModelOptions { Threads = 1 });
        chat = new KalmChatClient(model);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_function_is_called_its_result_goes_back_and_the_answer_follows()
    {
        var called = new List<Animal>();
        var count = AIFunctionFactory.Create((Animal kind) => { called.Add(kind); return $"{kind} has 2 legs"; }, "count");
        using var calling = new ChatClientBuilder(chat).UseFunctionInvocation().Build();
        var answer = await calling.GetResponseAsync("How many legs?", new ChatOptions
        {
            Tools = [count], ToolMode = ChatToolMode.RequireAny, MaxOutputTokens = 80,
        }, Cancellation);
        Assert.True(Enum.IsDefined(Assert.Single(called)));
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], answer.Messages.Select(message => message.Role));
        var call = Assert.IsType<FunctionCallContent>(Assert.Single(answer.Messages[0].Contents));
        Assert.Equal(("count", $"{called[0]}"), (call.Name, $"{call.Arguments!["kind"]}"));
        Assert.Equal(
            model.Model.Model.Tokenizer.Encode($"count user:How many legs?;assistant:{called[0]};tool:{called[0]} has 2 legs;").Length,
            await PromptTokens([new(ChatRole.User, "How many legs?"), .. answer.Messages.SkipLast(1)], count));
    }

    [Fact]
    public async Task One_of_several_functions_can_be_asked_for_and_streams_end_with_the_call()
    {
        var options = new ChatOptions
        {
            Tools = [Declared("walk"), Declared("swim")], ToolMode = ChatToolMode.RequireSpecific("swim"), MaxOutputTokens = 80,
        };
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in chat.GetStreamingResponseAsync("a", options, Cancellation))
            updates.Add(update);
        var answer = updates.ToChatResponse();
        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        Assert.Equal("swim", Assert.IsType<FunctionCallContent>(Assert.Single(answer.Messages.Single().Contents)).Name);
        options.ToolMode = ChatToolMode.None;
        Assert.Empty((await chat.GetResponseAsync("a", options, Cancellation)).Messages.Single().Contents.OfType<FunctionCallContent>());
    }

    [Fact]
    public async Task A_form_is_kept_to()
    {
        var format = ChatResponseFormat.ForJsonSchema(JsonSerializer.Deserialize<JsonElement>("""{"enum":["x","y"]}"""));
        Assert.Contains((await chat.GetResponseAsync("a", new ChatOptions { ResponseFormat = format }, Cancellation)).Text,
            new[] { "\"x\"", "\"y\"" });
        var any = await chat.GetResponseAsync(
            "a", new ChatOptions { ResponseFormat = ChatResponseFormat.Json, MaxOutputTokens = 3 }, Cancellation);
        Assert.StartsWith("{", any.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_called_is_told()
    {
        await Fault<KalmException>("ToolMode", new ChatOptions
        {
            Tools = [Declared("walk")], ToolMode = ChatToolMode.RequireSpecific("swim"),
        });
        await Fault<KalmException>("'walk'", new ChatOptions { Tools = [Declared("walk"), Declared("walk")] });
        await Fault<NotSupportedException>("HostedWebSearchTool", new ChatOptions { Tools = [new HostedWebSearchTool()] });

        async Task Fault<T>(string word, ChatOptions options) where T : Exception => Assert.Contains(
            word, (await Assert.ThrowsAsync<T>(() => chat.GetResponseAsync("a", options, Cancellation))).Message, StringComparison.Ordinal);
    }

    private async Task<int> PromptTokens(IReadOnlyList<ChatMessage> messages, AITool tool) =>
        (int)(await chat.GetResponseAsync(messages, new ChatOptions { Tools = [tool], MaxOutputTokens = 1 }, Cancellation))
            .Usage!.InputTokenCount!;

    private static AIFunctionDeclaration Declared(string name) => AIFunctionFactory.CreateDeclaration(
        name, null, JsonSerializer.Deserialize<JsonElement>("""
        {"type":"object","properties":{"kind":{"enum":["Fish","Bird"]}},"required":["kind"],"additionalProperties":false}
        """));

    public void Dispose()
    {
        chat.Dispose();
        model.Dispose();
    }

    private enum Animal
    {
        Fish,
        Bird,
    }
}
