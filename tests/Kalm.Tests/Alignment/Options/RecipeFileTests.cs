using Kalm.Alignment;
using Kalm.Alignment.Options;

namespace Kalm.Tests.Alignment.Options;

public sealed class RecipeFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void What_is_written_reads_as_it_was()
    {
        var options = new AlignmentOptions
        {
            Threads = 2,
            Budget = new BudgetOptions { Epochs = 2 },
            Lora = new LoraOptions { Targets = ["q_proj"] },
            Keep = new KeepOptions { Weight = 0.5 },
        };
        Assert.Equal(Json.Text(options), Json.Text(Read(Json.Text(options))));
    }

    [Theory]
    [InlineData("{\n  \"explicit\": {\n    \"marign\": 1\n  }\n}", 3, "'explicit.marign'", "'explicit.margin'")]
    [InlineData("{\n  \"own_head_wieght\": 1\n}", 2, "'own_head_wieght'", "'explicit.self_negative_weight'")]
    [InlineData("{\n  \"optimizer\": { \"average_decay\": 0.5 }\n}", 2, "'optimizer.average_decay'", "'optimizer.ema_decay'")]
    [InlineData("{\n  \"ema_decay\": 0.5\n}", 2, "'ema_decay'", "'optimizer.ema_decay'")]
    [InlineData("{\n  \"prompts\": {\n    \"relations\": 1\n  }\n}", 3, "'implicit.prompts.relations'", "'implicit.prompts.relation'")]
    [InlineData("{\n  \"lora\": {},\n  \"model\": \"base\"\n}", 3, "'model'", "expected one of method, seed")]
    [InlineData("{\n  \"lora\": { \"flavour\": 1 }\n}", 2, "'lora.flavour'", "expected one of rank, alpha")]
    public void An_unknown_name_is_told_with_its_line_and_what_may_have_been_meant(string text, int line, string found, string expected) =>
        AssertFault(text, line, found, expected);

    [Theory]
    [InlineData("{\n  \"explicit\": {\n    \"margin\": \"wide\"\n  }\n}", 3, "$.explicit.margin")]
    [InlineData("{\n  \"seed\": 1,\n  \"margin\": \"wide\"\n}", 3, "$.margin")]
    [InlineData("{\n  \"prompts\": {\n    \"relation\": \"much\"\n  }\n}", 3, "$.prompts.relation")]
    [InlineData("{\n  \"optimizer\": \"sgd\"\n}", 2, "$.optimizer")]
    [InlineData("{\n  \"optimizer\": 5\n}", 2, "$.optimizer")]
    [InlineData("{\n  \"lora\": { \"targets\":\n    [1] }\n}", 2, "$.lora.targets")]
    [InlineData("{\n  \"lora\": null\n}", 2, "lora: found null")]
    [InlineData("{\n  \"lora\": { \"targets\": null }\n}", 2, "lora.targets: found null")]
    [InlineData("{\n  \"prompts\": null\n}", 2, "implicit.prompts: found null")]
    [InlineData("{\n  \"lora\": null,\n  \"lora_rank\": 4\n}", 2, "found null; expected an object")]
    [InlineData("{\n  \"seed\": 1,\n  \"seed\": 2\n}", 3, "seed")]
    [InlineData("{\n  \"seed\": 1,\n  \"lora\": { \"rank\": 1, \"rank\": 2 }\n}", 3, "rank")]
    [InlineData("{\n  \"seed\": 1,\n", 3, "end of data")]
    [InlineData("{\n  \"lora\": { \"targets\": [{ \"rank\": 1, \"rank\": 2 }] }\n}", 3, "'rank'")]
    [InlineData("[]", 1, "found Array; expected an object")]
    [InlineData("null", 1, "found Null; expected an object")]
    public void What_does_not_fit_is_told_with_its_line(string text, int line, string found) => AssertFault(text, line, found);

    [Theory]
    [InlineData("""{"steps":1,"minutes":2}""", "budget: found steps and minutes; expected only one")]
    [InlineData("""{"optimizer":"muon"}""", "optimizer.kind: found muon")]
    [InlineData("""{"explicit":{"weight":0},"implicit":{"weight":0}}""", "explicit.weight, implicit.weight: found 0")]
    [InlineData("""{"prompts":{"maximum_shots":17}}""", "implicit.prompts.maximum_shots: found 17; expected 0..16")]
    [InlineData("""{"batch":0}""", "batches.triples: found 0")]
    [InlineData("""{"lora_rank":0}""", "lora.rank: found 0")]
    [InlineData("""{"keep":{"tokens":0}}""", "keep.tokens: found 0")]
    public void A_value_that_makes_no_sense_is_told_by_its_path(string text, string expected) =>
        Assert.Contains($"recipe.json: {expected}", Assert.Throws<KalmException>(() => Read(text)).Message, StringComparison.Ordinal);

    private void AssertFault(string text, int line, params string[] words)
    {
        var message = Assert.Throws<KalmException>(() => Read(text)).Message;
        Assert.StartsWith($"{folder.File("recipe.json")}({line}): ", message, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    private AlignmentOptions Read(string text) => RecipeFile.Read(folder.Write("recipe.json", text));

    public void Dispose() => folder.Dispose();
}
