using System.Globalization;
using System.Text.RegularExpressions;
using Kalm.Alignment.Options;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>What the documents show works: their commands run in order on a small graph, with less time to train.</summary>
public partial class ReadmeTests
{
    [Fact]
    public void The_commands_from_a_graph_to_an_aligned_model_run_in_order()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        RunCommands(
            "docs/tutorials/first-alignment.md", 7, line => line.Contains("wn18rr", StringComparison.Ordinal)
                || line.StartsWith("tokenize", StringComparison.Ordinal) || line.StartsWith("describe", StringComparison.Ordinal),
            word => word == "wn18rr" ? graph.Path : word is "base" or "run" or "vectors" or "completion.json" ? folder.File(word)
                : word.StartsWith("recipes/", StringComparison.Ordinal) ? Path.Combine(LayeringTests.RepositoryRoot(), word) : word);
        foreach (var made in new[] { "base/model.safetensors", "run/model/model.safetensors", "completion.json", "vectors/queries.tsv" })
            Assert.True(File.Exists(folder.File(made)), made);
    }

    [Fact]
    public void The_commands_for_a_graph_of_ones_own_run_in_order()
    {
        using var folder = new TemporaryFolder();
        folder.Write("people.csv",
            string.Concat(Enumerable.Range(0, 30).Select(index => $"person {index},is_friend_of,person {(index + 7) % 30}\n")));
        folder.Write("people.tsv",
            string.Concat(Enumerable.Range(0, 30).Select(index => $"person {index}\tnumber {index} of the people of a small town\n")));
        RunCommands(
            "docs/tutorials/your-own-graph.md", 5, line => line.Contains("people", StringComparison.Ordinal),
            word => word.StartsWith("people", StringComparison.Ordinal) ? folder.File(word) : word);
    }

    [Fact]
    public void The_commands_that_look_at_one_query_the_space_a_text_and_answers_run()
    {
        using var folder = new TemporaryFolder();
        var world = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world");
        var model = TinyModel.Make(folder, KnowledgeGraph.Load(world), vocabulary: 2048);
        foreach (var (document, least) in new[]
        {
            ("docs/how-to/ask-one-fact.md", 6), ("docs/how-to/calibration.md", 1), ("docs/how-to/measure.md", 2),
            ("docs/how-to/questions.md", 4),
        })
            RunCommands(document, least, line => line.Contains("kalm-demo/run", StringComparison.Ordinal), word => word switch
            {
                "kalm-demo/run" => model,
                "samples/world" => world,
                "geometry.png" or "answers.tsv" or "queue.jsonl" or "reliability.png" => folder.File(word),
                "README.md" => Documents.PathOf(word),
                _ => word,
            });
        Assert.True(File.Exists(folder.File("geometry.png")));
    }

    private static void RunCommands(string document, int least, Func<string, bool> isWanted, Func<string, string> placed)
    {
        var commands = Documents.Commands(document).Where(isWanted).ToList();
        Assert.True(commands.Count >= least, string.Join('\n', commands));
        foreach (var line in commands)
            CommandLine.Run([.. Documents.Words(Minutes().Replace(line, "--minutes 0.05")).Select(placed)]).IsSuccess();
    }

    [Fact]
    public void The_table_of_presets_is_what_pretrain_makes()
    {
        foreach (var preset in ModelPreset.All)
        {
            var (all, body) = CausalModel.CountParameters(preset.ToConfig(preset.Vocabulary, null));
            var row = string.Create(
                CultureInfo.InvariantCulture,
                $"| {preset.Name} | {preset.Hidden} | {preset.Layers} | {preset.Heads} | {preset.FeedForward:N0} "
                    + $"| {preset.Vocabulary:N0} | {preset.Context} | {all:N0} | {body:N0} |");
            Assert.Contains(row, Documents.Text("docs/reference/models.md"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_recipe_is_valid()
    {
        var recipes = Directory.GetFiles(Path.Combine(LayeringTests.RepositoryRoot(), "recipes"), "*.json");
        Assert.NotEmpty(recipes);
        foreach (var recipe in recipes)
            RecipeFile.Read(recipe);
    }

    [GeneratedRegex(@"--minutes [0-9.]+")]
    private static partial Regex Minutes();
}
