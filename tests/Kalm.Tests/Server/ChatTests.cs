using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Language.Generation;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class ChatTests(RunningServer server)
{
    private const string Path = "/v1/chat/completions";

    private static JsonObject Ask(string question, int tokens = 20) => new()
    {
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }), ["max_tokens"] = tokens,
    };

    [Fact]
    public async Task An_answer_is_what_the_library_writes_to_the_models_own_wording()
    {
        var body = Ask("What is a fish?");
        body["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "system", ["content"] = "Be brief." });
        var answer = await server.PostWell(Path, body);

        var questions = server.Served.Model.Wording.Questions;
        var prompt = questions.Ask(questions.Free("Be brief.\nWhat is a fish?"), [], 200).Tokens;
        var expected = await server.Served.Call(
            model => new Generator(model.Decoder, model.Model.Tokenizer).Continue(
                [prompt], new GenerationOptions { MaximumNewTokens = 20 })[0], RunningServer.Cancellation);
        var choice = answer["choices"]!.AsArray().Single()!;
        Assert.Equal(expected.Text, (string?)choice["message"]!["content"]);
        Assert.Equal("assistant", (string?)choice["message"]!["role"]);
        Assert.Equal(expected.End == GenerationEnd.Stop ? "stop" : "length", (string?)choice["finish_reason"]);
        Assert.Equal(
            (prompt.Length, expected.Tokens.Count), ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!));
        Assert.Equal("chat.completion", (string?)answer["object"]);
    }

    [Fact]
    public async Task Earlier_turns_are_examples_and_content_may_come_in_parts()
    {
        var turns = Ask("And a crab?");
        turns["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "assistant", ["content"] = "A group." });
        turns["messages"]!.AsArray().Insert(0, new JsonObject
        {
            ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "What is a frog?" }),
        });
        var model = server.Served.Model;
        var questions = model.Wording.Questions;
        var shot = new Kalm.Representation.Shot(questions.Free("What is a frog?"), model.Model.Tokenizer.Encode("A group."));
        Assert.Equal(questions.Ask(questions.Free("And a crab?"), [shot], 200).Tokens.Length,
            (int)(await server.PostWell(Path, turns))["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task A_stream_gives_the_same_text_piece_by_piece()
    {
        var body = Ask("What is a worm?", 40);
        (body["n"], body["temperature"], body["seed"]) = (3, 0.9, 7);
        var whole = await server.PostWell(Path, body);
        (body["stream"], body["stream_options"]) = (true, new JsonObject { ["include_usage"] = true });
        var events = await Events(body);

        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(data => JsonNode.Parse(data)!).ToList();
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        foreach (var count in new[] { "prompt_tokens", "completion_tokens", "total_tokens" })
            Assert.Equal((int)whole["usage"]![count]!, (int)chunks[^1]["usage"]![count]!);
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", (string?)chunk["object"]));
        var choices = chunks.SkipLast(1).Select(chunk => chunk["choices"]![0]!).ToLookup(choice => (int)choice["index"]!);
        Assert.Equal(3, choices.Count);
        foreach (var expected in whole["choices"]!.AsArray())
        {
            var own = choices[(int)expected!["index"]!].ToList();
            Assert.Equal("assistant", (string?)own[0]["delta"]!["role"]);
            Assert.Equal(
                (string?)expected["message"]!["content"], string.Concat(own.Select(choice => (string?)choice["delta"]!["content"])));
            Assert.Equal((string?)expected["finish_reason"], (string?)own[^1]["finish_reason"]);
            Assert.All(own.SkipLast(1), choice => Assert.Null(choice["finish_reason"]));
        }
        body.Remove("stream_options");
        Assert.DoesNotContain("usage", string.Concat(await Events(body)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writing_ends_before_a_stop_text()
    {
        var body = Ask("What is a mammal?", 60);
        var text = (string)(await server.PostWell(Path, body))["choices"]![0]!["message"]!["content"]!;
        var stop = text[(text.Length / 2)..(text.Length / 2 + 2)];
        body["stop"] = stop;
        var choice = (await server.PostWell(Path, body))["choices"]![0]!;
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], (string?)choice["message"]!["content"]);
        Assert.Equal("stop", (string?)choice["finish_reason"]);
    }

    [Fact]
    public async Task Chats_at_the_same_time_and_completions_between_them_are_answered_as_alone()
    {
        var bodies = Enumerable.Range(0, 24).Select(index => Ask($"What is number {index}?", 10 + index)).ToList();
        var alone = new List<string>();
        foreach (var body in bodies)
            alone.Add((await server.PostWell(Path, body))["choices"]!.ToJsonString());
        var between = Enumerable.Range(0, 24)
            .Select(_ => server.PostWell("/v1/complete", new JsonObject { ["head"] = "bird", ["relation"] = "has kind" }));
        var together = Task.WhenAll(bodies.Select(body => server.PostWell(Path, body)));
        await Task.WhenAll(between);
        Assert.Equal(alone, (await together).Select(answer => answer["choices"]!.ToJsonString()));
    }

    [Fact]
    public async Task What_begins_as_another_chat_is_not_read_again_and_told_as_cached()
    {
        await using var fresh = await RunningServer.Another(server.Options());
        await using var forgetful = await RunningServer.Another(server.Options(new Kalm.Server.ServerLimits { PrefixBytes = 0 }));
        var body = Ask("What is a fish, and what does it do all day long?", 12);
        foreach (var (asked, keeps) in new[] { (fresh, true), (forgetful, false) })
        {
            var address = new Uri(asked.Urls[0]);
            var first = await server.PostWell(Path, body, address);
            var again = await server.PostWell(Path, body, address);
            Assert.Equal(0, Cached(first));
            Assert.Equal(keeps ? (int)first["usage"]!["prompt_tokens"]! - 1 : 0, Cached(again));
            Assert.Equal(first["choices"]!.ToJsonString(), again["choices"]!.ToJsonString());
            var response = await server.PostWell(
                "/v1/responses", new JsonObject { ["input"] = "What is a fish, and what does it do all day long?" }, address);
            Assert.Equal(Cached(again), (int)response["usage"]!["input_tokens_details"]!["cached_tokens"]!);
        }

        static int Cached(JsonNode answer) => (int)answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;
    }

    [Fact]
    public async Task Chats_are_answered_while_thousands_of_texts_are_embedded()
    {
        var many = server.PostWell("/v1/embeddings", new JsonObject
        {
            ["input"] = new JsonArray([.. Enumerable.Range(0, 10_000).Select(number => (JsonNode)$"what swims as number {number} does")]),
        });
        var answered = 0;
        for (; !many.IsCompleted; answered++)
            await server.PostWell(Path, Ask($"What is number {answered}?", 3));
        Assert.True(answered > 2);
        Assert.Equal(10_000, (await many)["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task Who_leaves_frees_the_slot_at_once()
    {
        await using var slow = await RunningServer.Another(server.Options(new Kalm.Server.ServerLimits { Chats = 1, NewTokens = 100_000 }));
        var body = Ask("Go on and on", 100_000);
        // The longest text this model can write, many of them, so that it is busy for longer than the test waits.
        (body["n"], body["stream"], body["temperature"]) = (8, true, 2);
        for (var turn = 0; turn < 3; turn++)
        {
            using var leaving = new CancellationTokenSource();
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(new Uri(slow.Urls[0]), Path)) { Content = JsonContent.Create(body) };
            using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            Assert.True(response.IsSuccessStatusCode);
            await using (var stream = await response.Content.ReadAsStreamAsync(RunningServer.Cancellation))
                await stream.ReadExactlyAsync(new byte[100], RunningServer.Cancellation);
            var left = Stopwatch.StartNew();
            await leaving.CancelAsync();
            response.Dispose();
            await server.PostWell(Path, Ask("Next", 1), new Uri(slow.Urls[0]));
            Assert.InRange(left.Elapsed.TotalSeconds, 0, 5);
        }
    }

    [Theory]
    [InlineData("chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"Go on and on\"}],\"max_tokens\"")]
    [InlineData("completions", "\"prompt\":\"Go on and on\",\"max_tokens\"")]
    [InlineData("responses", "\"input\":\"Go on and on\",\"max_output_tokens\"")]
    public async Task Nothing_more_is_written_for_who_left(string path, string fields)
    {
        await using var slow = await RunningServer.Another(server.Options());
        foreach (var isStreamed in new[] { "true", "false" })
        {
            var (written, requests) = (0L, 0L);
            using var tokens = Listener.Of<long>(slow.Metrics, "kalm.server.tokens.written", count => written += count);
            using var answered = Listener.Of<long>(slow.Metrics, "kalm.server.requests", count => Interlocked.Add(ref requests, count));
            using var leaving = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(slow.Urls[0]), $"/v1/{path}"))
            {
                Content = new StringContent(
                    $$"""{ {{fields}}:200,"temperature":2,"stream":{{isStreamed}} }""", Encoding.UTF8, "application/json"),
            };
            using var held = new ManualResetEventSlim();
            using var gate = new ManualResetEventSlim();
            using var first = Listener.Of<long>(slow.Metrics, "kalm.server.tokens.read", _ =>
            {
                // On the model's thread, after the first step of the chat.
                held.Set();
                gate.Wait(TimeSpan.FromSeconds(60));
            });
            var asked = server.Client.SendAsync(request, leaving.Token);
            await Task.Run(() => held.Wait(TimeSpan.FromSeconds(60)), RunningServer.Cancellation);
            Assert.Equal((0, 0), (written, requests));
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
            for (var waited = 0; waited < 3000 && Interlocked.Read(ref requests) == 0; waited++)
                await Task.Delay(10, RunningServer.Cancellation);
            Assert.Equal(1, Interlocked.Read(ref requests));
            gate.Set();
            // A second turn of the model's thread comes after what the first one dropped.
            for (var turn = 0; turn < 2; turn++)
                await slow.Host.Served.Call(_ => true, RunningServer.Cancellation);
            Assert.InRange(written, 0, 1);
            Assert.Equal(0, slow.Metrics.Writing);
        }
    }

    [Theory]
    [InlineData("{}", "messages")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":[null]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"robot","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":null}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"tool","content":"a"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"temprature":1}""", "temprature")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"high"}""", "reasoning_effort")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logprobs":true,"top_logprobs":21}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logit_bias":{"9999":1}}""", "logit_bias")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logit_bias":{"9":101}}""", "logit_bias")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"frequency_penalty":3}""", "frequency_penalty")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"presence_penalty":-3}""", "presence_penalty")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"top_k":-2}""", "top_k")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"min_p":2}""", "min_p")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"stream_options":{"include_usage":true}}""", "stream_options")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"xml"}}""", "response_format.type")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema"}}""", "response_format.json_schema")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"tool_choice":"required"}""", "tool_choice")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"web"}]}""", "tools[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"temperature":2.5}""", "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"temperature":-1}""", "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"top_p":1.1}""", "top_p")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"stop":""}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"stop":[1]}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"stop":{}}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"n":"2"}""", "n")]
    public async Task Faults_are_told(string body, string param) => await server.Fault(Path, body, 400, param);

    [Theory]
    [InlineData("\"temperature\":\"0.5\"", "temperature", "a number")]
    [InlineData("\"n\":\"2\"", "n", "a whole number")]
    [InlineData("\"seed\":12345678901234567890", "seed", "a whole number that is not too large")]
    [InlineData("\"logprobs\":1", "logprobs", "true or false")]
    [InlineData("\"model\":3", "model", "a text")]
    [InlineData("\"messages\":\"hi\"", "messages", "a list")]
    [InlineData("\"stream_options\":true", "stream_options", "an object")]
    public async Task A_value_of_another_kind_is_told_with_the_one_expected(string field, string param, string kind) => Assert.Contains(
        $"expected {kind}", (string?)(await server.Fault(Path, $"{{{field}}}", 400, param))["message"], StringComparison.Ordinal);

    [Fact]
    public async Task A_question_longer_than_the_context_is_refused() =>
        Assert.Equal("context_length_exceeded", (string?)(await server.Fault(
            Path, Ask(string.Join(' ', Enumerable.Repeat("zyx", 2000))).ToJsonString(), 400, "messages"))["code"]);

    private async Task<List<string>> Events(JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(new Uri(Path, UriKind.Relative), content, RunningServer.Cancellation);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var text = await response.Content.ReadAsStringAsync(RunningServer.Cancellation);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            return line["data: ".Length..];
        })];
    }
}
