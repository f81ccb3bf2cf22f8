using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Representation;
using Kalm.Tests.Cli;
using Kalm.Tests.Extensions;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

public sealed class ChosenOptionsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = FamilyGraph.Make();
    private readonly string model;

    public ChosenOptionsTests() => model = TinyModel.Make(folder, graph.Load());

    [Fact]
    public void A_small_base_learns_every_weight_in_enough_steps()
    {
        var chosen = Choose();
        Assert.Equal(AlignmentMethod.Full, chosen.Options.Validated().Method);
        Assert.Equal(OptimizerKind.Muon, chosen.Options.Optimizer.Kind);
        Assert.True(chosen.Options.Budget.Epochs * graph.Load().Asked.Count / chosen.Options.Batches.Triples >= 200);
        Assert.Contains($"{graph.Load().Asked.Count:N0} train facts", chosen.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_graph_has_large_batches_and_little_time_smaller_ones()
    {
        using var large = FamilyGraph.Make(4000);
        Assert.True(Choose(large).Options.Batches.Triples > Choose().Options.Batches.Triples);
        var hurried = Choose(large, options => options with { Budget = new BudgetOptions { Minutes = 2 } }).Options;
        Assert.Equal(2, hurried.Budget.Minutes);
        Assert.True(hurried.Batches.Triples < Choose(large).Options.Batches.Triples);
        Assert.True(hurried.Wording.MaximumTextTokens <= Choose(large).Options.Wording.MaximumTextTokens);
    }

    [Fact]
    public void Words_are_left_out_of_descriptions_never_of_names()
    {
        Assert.True(Choose().Options.Batches.TokenDropout > 0);
        var names = folder.Write("names.tsv", "a\tknows\tb\nb\tknows\tc\nc\tknows\ta\n");
        using var opened = OpenedModel.Open(model);
        Assert.Equal(0, ChosenOptions.For(Kalm.Graph.KnowledgeGraph.Load(names), opened).Options.Batches.TokenDropout);
    }

    [Fact]
    public void A_base_that_chats_is_asked_in_its_form_and_keeps_its_language()
    {
        using var opened = OpenedModel.Open(ChatFolder.Make(folder, model, "{% for m in messages %}{{ m.content }}{% endfor %}"));
        var chosen = ChosenOptions.For(graph.Load(), opened).Options.Validated();
        Assert.Equal(AlignmentMethod.Lora, chosen.Method);
        Assert.Equal(PromptForm.Chat, chosen.Wording.Form);
        Assert.True(chosen.Keep.Weight > 0);
        var recipe = RecipeFile.Read(Path.Combine(LayeringTests.RepositoryRoot(), "recipes", "world-smollm2.json"));
        var asInRecipe = recipe with
        {
            Budget = chosen.Budget, Lora = recipe.Lora with { BasePrecision = chosen.Lora.BasePrecision },
            Optimizer = recipe.Optimizer with { ProductPrecision = chosen.Optimizer.ProductPrecision },
        };
        Assert.Equal(Json.Text(asInRecipe), Json.Text(chosen));
    }

    [Fact]
    public void What_is_given_beats_what_is_chosen_and_the_run_tells_both()
    {
        var line = Align("run", "--method", "lora", "--batch", "8", "--seed", "3").IsSuccess();
        Assert.Contains("no recipe: chosen for", line.Error, StringComparison.Ordinal);
        Assert.Contains("low-rank matrices by adamw, batches of 8 for 2 steps", line.Error, StringComparison.Ordinal);
        var options = OptionsOf("run");
        Assert.Equal("lora", (string?)options["method"]);
        Assert.Equal("adamw", (string?)options["optimizer"]!["kind"]);
        Assert.Equal(8, (int)options["batches"]!["triples"]!);
        Assert.Equal(3, (int)options["seed"]!);
        Assert.Equal(2, (int)options["budget"]!["steps"]!);

        var recipe = folder.Write("recipe.json", """{ "method": "full" }""");
        Assert.DoesNotContain("chosen for", Align("other", "--recipe", recipe).IsSuccess().Error, StringComparison.Ordinal);
        Assert.Equal("adamw", (string?)OptionsOf("other")["optimizer"]!["kind"]);

        CommandLine Align(string run, params string[] more) => CommandLine.Run(
            ["align", "--model", model, "--graph", graph.Path, "--out", folder.File(run), "--steps", "2", "--threads", "1", .. more]);

        JsonNode OptionsOf(string run) => JsonNode.Parse(File.ReadAllText(folder.File($"{run}/run.json")))!["options"]!;
    }

    private ChosenOptions Choose(SmallGraph? of = null, Func<AlignmentOptions, AlignmentOptions>? given = null)
    {
        using var opened = OpenedModel.Open(model);
        return ChosenOptions.For((of ?? graph).Load(), opened, given);
    }

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
