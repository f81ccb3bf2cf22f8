using System.Text.Json.Nodes;
using Kalm.Language.Generation;
using Kalm.Representation;

namespace Kalm.Tests.Server;

/// <summary>Fields that decide how chats are written, and what is told of it.</summary>
[Collection(nameof(RunningServer))]
public class ChatFieldTests(RunningServer server)
{
    private const string Path = "/v1/chat/completions";

    private static JsonObject Ask(string fields) =>
        (JsonObject)JsonNode.Parse($$"""{"messages":[{"role":"user","content":"Go on and on"}],"max_tokens":12,{{fields}}}""")!;

    [Fact]
    public async Task Log_probabilities_are_those_of_the_model_alone_streamed_or_not()
    {
        var body = Ask("""
            "logprobs":true,"top_logprobs":3,"temperature":1.5,"seed":4,"frequency_penalty":1,"logit_bias":{"70":5}
            """);
        var answer = await server.PostWell(Path, body);
        var told = answer["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal((int)answer["usage"]!["completion_tokens"]!, told.Count);
        var model = server.Served.Model;
        var questions = model.Wording.Questions;
        var prompt = questions.Ask(questions.Free("Go on and on"), [], 200).Tokens;
        var written = new List<int>();
        foreach (var token in told)
        {
            byte[] bytes = [.. token!["bytes"]!.AsArray().Select(value => (byte)(int)value!)];
            var id = Enumerable.Range(0, model.Model.Tokenizer.VocabularySize)
                .Single(id => !model.Model.Tokenizer.IsSpecial(id) && model.Model.Tokenizer.BytesOf(id).SequenceEqual(bytes));
            int[] row = [.. prompt, .. written];
            var logits = await server.Served.Call(own => Logits(own, row), RunningServer.Cancellation);
            var total = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            Assert.Equal(logits[id] - total, (double)token["logprob"]!, 1e-4);
            Assert.Equal(
                logits.OrderDescending().Take(3).Select(logit => logit - total),
                token["top_logprobs"]!.AsArray().Select(top => (double)top!["logprob"]!),
                (left, right) => Math.Abs(left - right) < 1e-4);
            written.Add(id);
        }
        body["stream"] = true;
        var streamed = (await Events.Of(server, Path, body)).SelectMany(chunk =>
            chunk["choices"]![0]!["logprobs"]?["content"]!.AsArray().Select(token => token!) ?? []).ToList();
        Assert.Equal(told.Select(token => (string?)token!["token"]), streamed.Select(token => (string?)token["token"]));
        // What the first chat left in the cache was read in other parts, and rows of 48 numbers are not added up alike in any company.
        Assert.Equal(told.Select(Likelihood), streamed.Select(Likelihood), (left, right) => Math.Abs(left - right) < 1e-5);
        Assert.Null((await server.PostWell(Path, Ask("\"n\":1")))["choices"]![0]!["logprobs"]);

        static double Likelihood(JsonNode? token) => (double)token!["logprob"]!;

        static float[] Logits(LoadedModel own, int[] row)
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            using var noGradient = TorchSharp.torch.no_grad();
            using var decoding = new DecodingBatch(
                own.Decoder.OnFirst(decoder => decoder), new Kalm.Language.Execution.KeyValueCache(own.Decoder.Config, 1, own.Decoder.Device),
                own.Decoder.Device);
            return own.Decoder.OnFirst(_ => decoding.Feed([row]));
        }
    }

    [Fact]
    public async Task Fields_change_what_is_written()
    {
        var plain = await Text("\"seed\":1");
        Assert.Equal(plain, await Text("\"min_tokens\":0,\"ignore_eos\":false,\"best_of\":1,\"length_penalty\":1.0,\"cache_prompt\":true"));
        Assert.Equal(plain, await Text("\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"store\":false,\"foo\":null,\"reasoning_effort\":\"medium\""));
        Assert.NotEqual(plain, await Text("\"frequency_penalty\":2,\"presence_penalty\":2"));
        Assert.NotEqual(plain, await Text("\"repetition_penalty\":5"));
        var tokenizer = server.Served.Model.Model.Tokenizer;
        var biased = tokenizer.Encode("z")[0];
        Assert.Equal(
            string.Concat(Enumerable.Repeat("z", 12)), await Text($$"""
            "logit_bias":{"{{biased}}":100}
            """));
        foreach (var field in (string[])["\"top_k\":1", "\"min_p\":1", "\"top_p\":0"])
            Assert.Equal(plain, await Text($"{field},\"temperature\":2,\"seed\":9"));
        Assert.NotEqual(plain, await Text("\"temperature\":2,\"seed\":9"));
    }

    [Fact]
    public async Task Without_a_limit_an_answer_may_fill_the_context_and_a_larger_one_is_no_fault()
    {
        var body = Ask("\"logit_bias\":{\"70\":100}");
        body.Remove("max_tokens");
        var answer = await server.PostWell(Path, body);
        Assert.Equal(256, (int)answer["usage"]!["total_tokens"]!);
        Assert.Equal("length", (string?)answer["choices"]![0]!["finish_reason"]);
        body["max_tokens"] = 4096;
        Assert.Equal(256, (int)(await server.PostWell(Path, body))["usage"]!["total_tokens"]!);
    }

    [Theory]
    [InlineData("""[{"role":"system","content":"Say hi"}]""")]
    [InlineData("""[{"role":"user","content":"Name a river."},{"role":"system","content":"Answer in French."}]""")]
    [InlineData("""[{"role":"user","content":"Name a river."},{"role":"assistant","content":"The Nile"}]""")]
    [InlineData("""[{"role":"assistant","content":"Hello"}]""")]
    [InlineData("""[{"role":"user","content":"hi"},{"role":"assistant","content":null},{"role":"user","content":"so?"}]""")]
    [InlineData("""
        [{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":
        [{"id":"c1","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"sunny"}]
        """)]
    public async Task Turns_come_in_any_order(string messages)
    {
        var answer = await server.PostWell(Path, new JsonObject { ["messages"] = JsonNode.Parse(messages), ["max_tokens"] = 3 });
        Assert.InRange((int)answer["usage"]!["completion_tokens"]!, 0, 3);
    }

    private async Task<string> Text(string fields) =>
        (string)(await server.PostWell(Path, Ask(fields)))["choices"]![0]!["message"]!["content"]!;
}
