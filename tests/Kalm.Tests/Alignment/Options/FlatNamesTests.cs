using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Alignment.Options;

namespace Kalm.Tests.Alignment.Options;

/// <summary>Options in the flat names of former versions are read as the same options in sections.</summary>
public sealed class FlatNamesTests : IDisposable
{
    // recipes/world-all-wordings.json as it was before options had sections.
    private const string FormerRecipe = """
        {
          "method": "full",
          "minutes": 6,
          "seed": 1,
          "batch": 64,
          "both_directions": true,
          "learning_rate": 0.002,
          "warmup_steps": 30,
          "final_rate_share": 0.05,
          "weight_decay": 0.1,
          "dropout": 0.15,
          "average_decay": 0.99,
          "clip_norm": 1,
          "margin": 0.02,
          "initial_temperature": 0.05,
          "own_head_weight": 0.05,
          "own_head_from": 0.3,
          "explicit_weight": 0.3,
          "implicit_weight": 1,
          "implicit_share": 0.5,
          "prompts": { "completion": 2.2, "relation": 0.15, "classification": 1.45,
            "maximum_shots": 0, "names_only": 0.05,
            "response": "name_and_description", "equal_prompts": true },
          "wording": { "style": "description_first", "maximum_text_tokens": 50, "maximum_prompt_tokens": 256 },
          "validations": 10,
          "validation_triples": 200,
          "keep_best": false
        }
        """;

    private readonly TemporaryFolder folder = new();

    /// <summary>Each former name with a value that is not its default.</summary>
    public static TheoryData<string, string, string> Names => new()
    {
        { "epochs", "1.5", "budget.epochs" },
        { "steps", "7", "budget.steps" },
        { "minutes", "2.5", "budget.minutes" },
        { "validations", "4", "budget.validations" },
        { "validation_triples", "90", "budget.validation_triples" },
        { "keep_best", "false", "budget.keep_best" },
        { "save_every", "12", "budget.save_every" },
        { "batch", "33", "batches.triples" },
        { "both_directions", "false", "batches.both_directions" },
        { "gradient_cache", "true", "batches.gradient_cache" },
        { "token_dropout", "0.25", "batches.token_dropout" },
        { "optimizer", "\"muon\"", "optimizer.kind" },
        { "learning_rate", "0.004", "optimizer.learning_rate" },
        { "warmup_steps", "9", "optimizer.warmup_steps" },
        { "final_rate_share", "0.5", "optimizer.final_rate_share" },
        { "weight_decay", "0.25", "optimizer.weight_decay" },
        { "clip_norm", "2", "optimizer.clip_norm" },
        { "average_decay", "0.75", "optimizer.ema_decay" },
        { "dropout", "0.125", "optimizer.dropout" },
        { "product_precision", "\"bf16\"", "optimizer.product_precision" },
        { "lora_rank", "3", "lora.rank" },
        { "lora_alpha", "5", "lora.alpha" },
        { "lora_dropout", "0.5", "lora.dropout" },
        { "lora_rank_stabilized", "true", "lora.rank_stabilized" },
        { "lora_targets", "[\"q_proj\"]", "lora.targets" },
        { "base_precision", "\"int8\"", "lora.base_precision" },
        { "explicit_weight", "0.5", "explicit.weight" },
        { "margin", "0.25", "explicit.margin" },
        { "initial_temperature", "0.5", "explicit.initial_temperature" },
        { "own_head_weight", "4", "explicit.self_negative_weight" },
        { "own_head_from", "0.25", "explicit.self_negative_from" },
        { "frequency_correction", "1", "explicit.logq_correction" },
        { "multi_positive", "true", "explicit.multi_positive" },
        { "implicit_weight", "0.5", "implicit.weight" },
        { "implicit_share", "0.5", "implicit.share" },
        { "prompts", "{\"relation\":0.5}", "implicit.prompts" },
        { "replay_weight", "0.5", "keep.weight" },
        { "replay_tokens", "64", "keep.tokens" },
    };

    /// <summary>Those that a recipe can hold beside their sections.</summary>
    public static TheoryData<string, string, string> NamesOfNoSection =>
        [.. Names.Where(row => !row.Data.Item3.StartsWith(row.Data.Item1 + ".", StringComparison.Ordinal))];

    [Fact]
    public void A_former_recipe_reads_as_the_one_that_took_its_place()
    {
        var now = RecipeFile.Read(Path.Combine(LayeringTests.RepositoryRoot(), "recipes", "world-all-wordings.json"));
        Assert.Equal(Json.Text(now), Json.Text(RecipeFile.Read(folder.Write("former.json", FormerRecipe))));
        Assert.NotEqual(Json.Text(new AlignmentOptions()), Json.Text(now));
    }

    [Fact]
    public void Every_former_name_is_tried() =>
        Assert.Equal(FlatNames.Paths.Keys.Order(StringComparer.Ordinal), Names.Select(row => row.Data.Item1).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_former_name_reads_as_its_path(string name, string value, string path)
    {
        var flat = OptionsJson.Read(Parse($$"""{"{{name}}":{{value}}}"""), Json.Options);
        var (section, option) = (path.Split('.')[0], path.Split('.')[1]);
        var sectioned = Parse($$$"""{"{{{section}}}":{"{{{option}}}":{{{value}}}}}""");
        Assert.Equal(Json.Text(OptionsJson.Read(sectioned, Json.Options)), Json.Text(flat));
        Assert.NotEqual(Json.Text(new AlignmentOptions()), Json.Text(flat));
    }

    [Theory]
    [MemberData(nameof(NamesOfNoSection))]
    public void A_value_under_both_names_is_refused_with_both(string name, string value, string path)
    {
        var (section, option) = (path.Split('.')[0], path.Split('.')[1]);
        var recipe = folder.Write(
            "both.json", $$$"""
            {
              "{{{section}}}": {"{{{option}}}": {{{value}}}},
              "{{{name}}}": {{{value}}}
            }
            """);
        var message = Assert.Throws<KalmException>(() => RecipeFile.Read(recipe)).Message;
        Assert.StartsWith($"{recipe}(3): found both {name} and {path},", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_former_name_may_stand_beside_other_options_of_its_section()
    {
        var found = Parse("""{"lora":{"rank":3},"lora_alpha":5,"optimizer":{"kind":"muon"},"dropout":0.5}""");
        var options = OptionsJson.Read(found, Json.Options);
        Assert.Equal((3, 5), (options.Lora.Rank, options.Lora.Alpha));
        Assert.Equal((OptimizerKind.Muon, 0.5), (options.Optimizer.Kind, options.Optimizer.Dropout));
    }

    [Fact]
    public void A_former_run_is_described()
    {
        var file = Run(Parse(FormerRecipe));
        var expected = Json.Text(RecipeFile.Read(folder.Write("former.json", FormerRecipe)));
        var run = RunFolder.Describe(folder.Path);
        Assert.Equal(expected, Json.Text(run.Options));
        Assert.Equal(new RunHashes("a", "b", "c", "d"), run.Hashes);
        Assert.DoesNotContain("replay", Json.Text(run), StringComparison.Ordinal);
        Assert.Equal(expected, Json.Text(Json.ReadOfAnyVersion<RunDescription>(file).Options));
    }

    [Fact]
    public void A_run_of_another_version_may_have_options_that_are_not_known_here()
    {
        var file = Run(Parse("""{"margin":0.25,"explicit":{"sharpness":2}}"""));
        Assert.Equal(0.25, Json.ReadOfAnyVersion<RunDescription>(file).Options.Explicit.Margin);
        var message = Assert.Throws<KalmException>(() => RunFolder.Describe(folder.Path)).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains("'explicit.sharpness'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_options_is_a_fault_of_its_file()
    {
        var file = Run(Parse("null"));
        var message = Assert.Throws<KalmException>(() => RunFolder.Describe(folder.Path)).Message;
        Assert.StartsWith($"{file}(", message, StringComparison.Ordinal);
        Assert.Contains("found Null; expected an object of options", message, StringComparison.Ordinal);
    }

    private string Run(JsonElement options)
    {
        var description = JsonSerializer.SerializeToNode(new RunDescription
        {
            Id = "1", Model = "base", Graph = "graph", Hashes = new RunHashes("a", "b", "c"), Options = new AlignmentOptions(),
        }, Json.Options)!;
        description["hashes"] = JsonNode.Parse("""{"base":"a","graph":"b","texts":"c","replay":"d"}""");
        description["options"] = options.ValueKind == JsonValueKind.Null ? null : JsonObject.Create(options);
        return folder.Write("run.json", description.ToJsonString(Json.Options));
    }

    private static JsonElement Parse(string text) => JsonDocument.Parse(text).RootElement;

    public void Dispose() => folder.Dispose();
}
