using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Generation.Grammar;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Tests.Language.Generation.Grammar;

public sealed class GrammarTests : TorchTest
{
    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}""",
        """{"b": ""} | {"a":-1,"b":"é\n😀"} | {"a": 0, "b": "\u00e9"}""", """{} | {"a":1} | {"b":"","a":1} | {"a":01,"b":""} | {"b":"<"x"}""")]
    [InlineData("""{"type":"integer","minimum":-12,"maximum":205}""", "-12|-9|-1|0|7|99|100|205", "-13|206|-0|1000|1.0|007")]
    [InlineData("""{"type":"number","minimum":0.25,"exclusiveMaximum":3}""", "0.2500|0.9000|1|2|2.9999|1.5", "0.24|3|3.0|-1|0.2499")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":2}""", "[true]|[ false,true ]", "[]|[true,true,true]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"null"},{"const":3}],"items":false}""", "[]|[null]|[null,3]", "[3]|[null,3,3]")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\"|\"äöü\"|\"\\n😀\"", "\"a\"|\"abcd\"|\"a\nb\"")]
    [InlineData("""{"anyOf":[{"type":"null"},{"enum":["x","y"]}]}""", "null|\"x\"|\"y\"", "\"z\"|x")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"}}""", """{}|{"k":1}|{"k":1,"l":2}""", """{"k":"v"}""")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2026-01-28\"", "\"2026-13-01\"|\"today\"")]
    [InlineData("""{"$defs":{"t":{"type":"object","properties":{"c":{"type":"array","items":{"$ref":"#/$defs/t"}}}}},"$ref":"#/$defs/t"}""",
        """{}|{"c":[{},{"c":[]}]}""", """{"c":[1]}""")]
    public void A_schema_takes_its_values_and_no_others(string schema, string values, string others)
    {
        foreach (var value in values.Split('|'))
            Assert.True(Takes(TextGrammar.OfSchema(Parse(schema)), value.Trim(' ')), value);
        foreach (var value in others.Split('|'))
            Assert.False(Takes(TextGrammar.OfSchema(Parse(schema)), value.Trim(' ')), value);
    }

    [Theory]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "#/pattern: found look-around")]
    [InlineData("""{"type":"object","properties":{"a":{"not":{}}}}""", "#/properties/a: found 'not'")]
    [InlineData("""{"type":"text"}""", "'text'")]
    [InlineData("""{"$ref":"#/$defs/x"}""", "'#/$defs/x'")]
    [InlineData("""{"$ref":"https://example.org/x"}""", "a place in this schema")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "a reference to itself")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "without end")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "alternatives 0 and 1")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "no number between")]
    [InlineData("""{"type":"string","format":"regex"}""", "'regex'")]
    [InlineData("""{"enum":[]}""", "#/enum")]
    [InlineData("""[]""", "a schema")]
    [InlineData("false", "false")]
    public void What_is_not_supported_is_refused_by_its_place(string schema, string word) => Assert.Contains(
        word, Assert.Throws<KalmException>(() => TextGrammar.OfSchema(Parse(schema))).Message, StringComparison.Ordinal);

    [Fact]
    public void Whatever_the_schema_a_finished_answer_is_one_of_its_values()
    {
        using var files = FamilyGraph.Make();
        using var folder = new TemporaryFolder();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, files.Load())), threads: 2);
        var schemas = new RandomSchema(new Random(21));
        var generator = new Generator(model.Decoder, model.Model.Tokenizer);
        var finished = 0;
        for (var number = 0; number < 200; number++)
            finished += Check(generator, model.Model.Tokenizer.Encode("fish"), schemas.Next(), new GenerationOptions
            {
                MaximumNewTokens = 100, Temperature = number % 3 / 2.0, Seed = number,
            });
        // The others need more bytes than they have tokens.
        Assert.InRange(finished, 150, 200);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"]}""", 13)]
    [InlineData("""{"type":"array","items":{"type":"string"},"minItems":3}""", 10)]
    [InlineData("""{"type":"object"}""", 2)]
    [InlineData("""{"type":"array","items":{"type":"object","properties":{"a":{"enum":[10,"long"]}},"required":["a"]},"minItems":2}""", 19)]
    public void An_answer_ends_within_its_tokens_where_they_are_as_many_as_its_fewest_bytes(string schema, int bytes)
    {
        using var files = FamilyGraph.Make();
        using var folder = new TemporaryFolder();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, files.Load())), threads: 2);
        var grammar = TextGrammar.OfSchema(Parse(schema));
        Assert.Equal(bytes, new ShortestEnd(grammar.Start).Of(GrammarState.Before(grammar.Start)));
        var generator = new Generator(model.Decoder, model.Model.Tokenizer);
        for (var tokens = bytes; tokens < bytes + 40; tokens += 6)
            Assert.Equal(1, Check(
                generator, model.Model.Tokenizer.Encode("fish"), (JsonObject)JsonNode.Parse(schema)!,
                new GenerationOptions { MaximumNewTokens = tokens, Temperature = 1, Seed = tokens }));
    }

    [Fact]
    public void A_published_model_answers_within_a_schema()
    {
        using var source = ModelSources.Open(DataFolder.Require("smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf"));
        using var model = CausalModel.Load(source);
        using var pool = new DecoderPool(model, null, null, 2);
        var generator = new Generator(pool, model.Tokenizer);
        var prompt = source.ReadChatTemplate()!.Render([new("user", "What is the capital of France?")]).Encode(model.Tokenizer);
        var schema = (JsonObject)JsonNode.Parse("""
            {"type":"object","properties":{"capital":{"type":"string"}},"required":["capital"],"additionalProperties":false}
            """)!;
        Assert.Equal(1, Check(generator, prompt, schema, new GenerationOptions { MaximumNewTokens = 40 }));
    }

    // 1 when the answer was finished.
    private static int Check(Generator generator, int[] prompt, JsonObject schema, GenerationOptions options)
    {
        var answer = generator.Continue(
            [prompt], options with { Grammar = TextGrammar.OfSchema(Parse(schema.ToJsonString())) },
            cancellation: TestContext.Current.CancellationToken)[0];
        if (answer.End == GenerationEnd.Length)
            return 0;
        using var value = JsonDocument.Parse(answer.Text);
        var read = JsonNode.Parse(schema.ToJsonString())!;
        Assert.True(JsonSchemaCheck.IsValid(value.RootElement, read, read), $"{schema.ToJsonString()}\n{answer.Text}");
        return 1;
    }

    private static bool Takes(TextGrammar grammar, string text) =>
        Encoding.UTF8.GetBytes(text).Aggregate(GrammarState.Before(grammar.Start), (state, value) => state.After(value)).IsWhole;

    private static JsonElement Parse(string json) => JsonSerializer.Deserialize<JsonElement>(json);
}
