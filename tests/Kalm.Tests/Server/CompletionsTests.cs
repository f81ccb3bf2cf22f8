using System.Text.Json.Nodes;
using Kalm.Language.Generation;

namespace Kalm.Tests.Server;

/// <summary>Texts that are continued as they stand.</summary>
[Collection(nameof(RunningServer))]
public class CompletionsTests(RunningServer server)
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task Texts_and_token_ids_are_continued_as_the_library_does()
    {
        var tokenizer = server.Served.Model.Model.Tokenizer;
        string[] prompts = ["A fish is", "Two birds"];
        var expected = await server.Served.Call(
            model => new Generator(model.Decoder, tokenizer).Continue(
                [.. prompts.Select(tokenizer.Encode)], new GenerationOptions { MaximumNewTokens = 6 }), RunningServer.Cancellation);
        var body = new JsonObject { ["prompt"] = new JsonArray(prompts[0], prompts[1]), ["max_tokens"] = 6, ["n"] = 2, ["best_of"] = 2 };
        var answer = await server.PostWell(Path, body);
        Assert.Equal("text_completion", (string?)answer["object"]);
        Assert.Equal([0, 1, 2, 3], answer["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
        Assert.Equal(
            [expected[0].Text, expected[0].Text, expected[1].Text, expected[1].Text],
            answer["choices"]!.AsArray().Select(choice => (string)choice!["text"]!));
        Assert.Equal(prompts.Sum(prompt => tokenizer.Encode(prompt).Length), (int)answer["usage"]!["prompt_tokens"]!);

        var ids = await server.PostWell(Path, new JsonObject
        {
            ["prompt"] = new JsonArray([.. tokenizer.Encode(prompts[1]).Select(id => JsonValue.Create(id))]), ["max_tokens"] = 6, ["echo"] = true,
        });
        Assert.Equal(prompts[1] + expected[1].Text, (string?)ids["choices"]![0]!["text"]);
        (body["stream"], body["stream_options"]) = (true, new JsonObject { ["include_usage"] = true });
        var pieces = await Events.Of(server, Path, body);
        Assert.Equal((int)answer["usage"]!["total_tokens"]!, (int)pieces[^1]["usage"]!["total_tokens"]!);
        Assert.Equal(expected[1].Text, string.Concat(pieces.SkipLast(1).Select(piece => piece["choices"]![0]!)
            .Where(choice => (int)choice["index"]! == 2).Select(choice => (string?)choice["text"])));
        Assert.InRange((int)(await server.PostWell(Path, new JsonObject { ["prompt"] = "" }))["usage"]!["completion_tokens"]!, 0, 16);
    }

    [Fact]
    public async Task Log_probabilities_come_in_lists()
    {
        var choice = (await server.PostWell(Path, new JsonObject { ["prompt"] = "A fish is", ["max_tokens"] = 5, ["logprobs"] = 2 }))
            ["choices"]![0]!;
        var told = choice["logprobs"]!;
        var tokens = told["tokens"]!.AsArray().Select(token => (string)token!).ToList();
        Assert.NotEmpty(tokens);
        Assert.Equal(tokens.Count, told["token_logprobs"]!.AsArray().Count);
        Assert.Equal(0, (int)told["text_offset"]![0]!);
        foreach (var (index, token) in tokens.Index())
            Assert.Equal((double)told["token_logprobs"]![index]!, told["top_logprobs"]![index]!.AsObject().Max(top => (double)top.Value!));
    }

    [Theory]
    [InlineData("{}", "prompt")]
    [InlineData("""{"prompt":[]}""", "prompt")]
    [InlineData("""{"prompt":[1,"a"]}""", "prompt")]
    [InlineData("""{"prompt":[999999]}""", "prompt")]
    [InlineData("""{"prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"prompt":"a","best_of":3}""", "best_of")]
    [InlineData("""{"prompt":"a","echo":true,"logprobs":1}""", "logprobs")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"prompt":"a","messages":[]}""", "messages")]
    public async Task Faults_are_told(string body, string param) => await server.Fault(Path, body, 400, param);
}
