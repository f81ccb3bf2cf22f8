using System.CommandLine;
using System.Globalization;
using Kalm.Evaluation;
using Kalm.Evaluation.Comparison;
using Kalm.Files;
using Kalm.Language.Sources;

namespace Kalm.Cli.Verbs;

/// <summary><c>compare</c>: whether one model ranks better than another, or was lucky with the queries.</summary>
internal static class CompareVerb
{
    private const int DefaultResamples = 10_000;
    private const int LeastResamples = 100;
    private const int RelationsShown = 10;
    private const string Forms = "a run, or any model, which is ranked now; or a file that evaluate completion --ranks wrote";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var first = new Argument<string>("FIRST") { Description = Forms };
        var second = new Argument<string>("SECOND") { Description = "what is compared with it, likewise" };
        var graph = Options.Graph(false);
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph, true, "test", "valid");
        var resamples = Options.Whole(
            "--resamples", $"how often queries are drawn anew [default: {DefaultResamples:N0}]", LeastResamples);
        var json = Options.JsonFile();
        var threads = Options.Threads();
        var device = Options.Device();
        var quiet = Options.Quiet();
        var command = new Command("compare", "Compares two models on the same completion queries, both sides, filtered: differences with "
            + "95 % intervals by paired bootstrap over queries (percentiles), and p, two-sided, by the same draws moved to a difference "
            + "of 0.")
        {
            first, second, graph, seed, resamples, json, threads, device, quiet,
        };
        source.AddTo(command);
        command.SetAction(parse =>
        {
            var (one, other) = (parse.GetRequiredValue(first), parse.GetRequiredValue(second));
            VerbInputs.Writable("--json", parse.GetValue(json));
            source.Check(parse);
            var models = new[] { (Name: one, Argument: first.Name), (Name: other, Argument: second.Name) }
                .Where(item => !IsRanks(item.Name)).ToList();
            foreach (var (name, argument) in models)
                VerbInputs.OfModel(argument, () => RequireOne(name));
            if (models.Count == 0 && command.Options.FirstOrDefault(option => option != seed && option != resamples && option != json
                && option != quiet && parse.GetResult(option) is { Implicit: false }) is { } unused)
                throw new KalmException($"{unused.Name}: found with two files of ranks; expected with a model, which is ranked");
            if (models.Count == 2 && parse.GetValue(graph) is null)
                RequireSame(one, source.Find(parse, one), other, source.Find(parse, other));
            var pairs = PairedRanks.Of(RanksOf(one, first.Name), RanksOf(other, second.Name), (one, other));
            var (draws, drawn) = (parse.GetValue(resamples) ?? DefaultResamples, parse.GetValue(seed) ?? 1);
            var comparison = terminal.Watch(
                parse.GetValue(quiet), progress => RankComparison.Of(pairs, draws, drawn, progress, terminal.Cancellation));
            var split = models.Count == 0 ? null : source.SplitName(parse);
            Print(terminal, comparison, split, one, other);
            if (parse.GetValue(json) is { } path)
            {
                var result = comparison.ToJson();
                (result["first"], result["second"], result["split"]) = (one, other, split);
                (result["resamples"], result["seed"]) = (draws, drawn);
                AtomicFile.WriteAllText(path, result.ToJsonString(Json.Options) + "\n");
            }
            return ExitCode.Success;

            IReadOnlyList<QueryRank> RanksOf(string name, string argument)
            {
                if (IsRanks(name))
                    return RanksFile.Read(name);
                using var opened = ModelChoice.Open(argument, name, new(), terminal, parse.GetValue(quiet));
                var knowledge = terminal.Watch(parse.GetValue(quiet), progress => source.Load(parse, opened, progress));
                var queries = CompletionQuery.Of(knowledge, Splits.NotEmpty(knowledge, "--split", source.SplitName(parse)));
                var ranking = new SplitRanking(knowledge, queries, parse.GetRequiredValue(device), parse.GetValue(threads));
                return terminal.Watch(parse.GetValue(quiet), progress =>
                    QueryRank.Of(knowledge, ranking.Rank(opened, progress, terminal.Cancellation).Ranked));
            }
        });
        return command;
    }

    private static bool IsRanks(string name) => File.Exists(name) && !name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    private static bool RequireOne(string name)
    {
        ModelSources.Require(name);
        SeedFolders.RequireNone(name);
        return true;
    }

    private static void RequireSame(string first, FoundGraph ofFirst, string second, FoundGraph ofSecond)
    {
        if (ofFirst.Fingerprint != ofSecond.Fingerprint)
            throw new KalmException(
                $"{second}: learned from {Name(ofSecond)}, {first} from {Name(ofFirst)}; expected models of the same graph, split alike, "
                + "or --graph, on which both are ranked");

        static string Name(FoundGraph graph) => graph.Path + GraphSource.Written(graph.LearnedOptions);
    }

    private static void Print(Terminal terminal, RankComparison comparison, string? split, string first, string second)
    {
        terminal.Print($"first:  {first}\nsecond: {second}\n");
        var measures = new ResultTable(
            $"{(split is null ? "" : $"{split} split, ")}{comparison.Queries:N0} queries, both sides, filtered",
            ["", "first", "second", "difference", "95 % interval", "p"]);
        foreach (var (name, one, other, sure) in comparison.Measures)
            measures.Add(Heading(name), $"{one:F3}", $"{other:F3}", Signed(sure.Difference), $"{Signed(sure.Low)} to {Signed(sure.High)}",
                sure.Probability < 0.001 ? "< 0.001" : $"{sure.Probability:F3}");
        terminal.Print(measures);
        terminal.Print($"the second ranks {comparison.Wins:N0} answers better, {comparison.Ties:N0} alike, {comparison.Losses:N0} worse\n");
        var relations = new ResultTable(
            "MRR by relation, the greatest differences first", ["relation", "first", "second", "difference", "queries"]);
        foreach (var relation in comparison.Relations.Take(RelationsShown))
            relations.Add(relation.Relation, $"{relation.First:F3}", $"{relation.Second:F3}", Signed(relation.Difference),
                $"{relation.Queries:N0}");
        terminal.Print(relations);
        if (comparison.Relations.Count > RelationsShown)
            terminal.Print($"{comparison.Relations.Count - RelationsShown:N0} more relations: --json FILE lists all");
    }

    private static string Heading(string measure) => measure == "mrr" ? "MRR" : measure.Replace("hits", "Hits", StringComparison.Ordinal);

    // What rounds to nothing bears no sign.
    private static string Signed(double value) => value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);
}
