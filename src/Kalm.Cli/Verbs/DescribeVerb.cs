using System.CommandLine;
using Kalm.Cli.Description;
using Kalm.Completion.Reranking;

namespace Kalm.Cli.Verbs;

/// <summary><c>describe</c>: what a model folder is.</summary>
internal static class DescribeVerb
{
    private const string None = "-";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new ModelChoice(new Argument<string>("MODEL") { Description = ModelChoice.Forms });
        var json = Options.JsonFile();
        var command = new Command(
            "describe", "Tells what a model folder is: architecture, sizes, tokenizer, adapter, what would train.") { json };
        model.AddTo(command);
        command.SetAction(parse =>
        {
            VerbInputs.Writable("--json", parse.GetValue(json));
            var description = ModelDescription.Of(model.NameOf(parse)!, name => model.Open(name, parse, terminal));
            foreach (var warning in description.Warnings)
                terminal.Error.WriteLine($"note: {warning}");
            Print(terminal, description);
            if (parse.GetValue(json) is { } path)
                Json.Write(path, description);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, ModelDescription description)
    {
        if (description is { Architecture: { } architecture, Weights: { } weights })
            terminal.Print(ResultTable.OfFacts(
                $"{description.Kind}: {description.Base}", [.. Of(architecture), .. Of(weights), .. Of(description.Tokenizer)]));
        if (description.Adapter is { } adapter)
            terminal.Print(ResultTable.OfFacts("adapter (PEFT LoRA)", Of(adapter)));
        if (description.Alignment is { } alignment)
            terminal.Print(ResultTable.OfFacts("alignment", Of(alignment)));
        if (description.Reranker is { } reranker)
            terminal.Print(ResultTable.OfFacts("re-ranker", Of(reranker)));
        if (description.WouldTrain is { } training)
            terminal.Print(ResultTable.OfFacts(
                "what align would train",
                ("--method lora", $"{training.Lora:N0} parameters: rank {training.Rank} on {string.Join(", ", training.Targets)}"),
                ("--method full", $"{training.Full:N0} parameters: all")));
    }

    private static (string Name, string Value)[] Of(ArchitectureFacts facts) =>
    [
        ("architecture", facts.ModelType),
        ("layers", $"{facts.Layers:N0}"),
        ("width", $"{facts.HiddenSize:N0}, {facts.IntermediateSize:N0} in the feed-forward blocks"),
        ("heads", $"{facts.Heads:N0} of width {facts.HeadDimension:N0}; {facts.KeyValueHeads:N0} for keys and values"),
        ("context", $"{facts.Context:N0} tokens"
            + (facts.SlidingWindow is { } window ? $"; {facts.WindowedLayers:N0} layers see {window:N0}" : "")),
        ("positions",
            $"rotary, base {facts.RopeTheta:N0}" + (facts.RopeScaling is { } scaling ? $", {scaling} scaling by {facts.RopeFactor}" : "")),
        ("vocabulary", $"{facts.Vocabulary:N0}; the output layer is {(facts.TiedHead ? "the embedding" : "its own")}"),
    ];

    private static (string Name, string Value)[] Of(WeightFacts facts) =>
    [
        ("parameters", $"{facts.Parameters:N0}; {facts.BodyParameters:N0} without the embedding and a separate output layer"),
        ("stored",
            $"{string.Join(", ", facts.Types.Select(type => facts.Types.Count == 1 ? type.Key : $"{type.Key} {Bytes.Of(type.Value)}"))}; "
            + $"{Bytes.Of(facts.Bytes)} in {(facts.Files.Count == 1 ? facts.Files[0].Name : $"{facts.Files.Count:N0} shards")}"),
        ("memory to read and write",
            $"about {Bytes.Of(facts.BytesToRead)}, and {Bytes.Of(1000 * facts.BytesOfToken)} for 1,000 tokens of a text"),
    ];

    private static (string Name, string Value)[] Of(TokenizerFacts? facts) => facts switch
    {
        null => [("tokenizer", "missing")],
        { Tokens: { } tokens } =>
        [
            ("tokenizer", $"{facts.Kind}, {tokens:N0} tokens"),
            ("begin token", facts.Begin is { } begin ? $"{begin.Piece} ({begin.Id}), put before every text" : "none is put before a text"),
            ("end token", facts.End is { } end ? $"{end.Piece} ({end.Id})" : "none"),
        ],
        _ => [("tokenizer", $"cannot be used: {facts.Fault}")],
    };

    private static (string Name, string Value)[] Of(AdapterFacts facts) =>
    [
        ("folder", facts.Folder),
        ("made for", facts.BaseModel ?? None),
        ("rank", $"{facts.Rank:N0}; B A is scaled by {facts.Scale:G4}"),
        ("on", string.Join(", ", facts.Targets)),
        ("parameters", facts.Parameters is { } parameters ? $"{parameters:N0}; {Bytes.Of(facts.Bytes ?? 0)}" : "missing"),
    ];

    private static (string Name, string Value)[] Of(AlignmentFacts facts) =>
    [
        ("temperature", facts.Temperature is { } temperature ? $"{temperature:F4}" : None),
        ("wording", facts.Wording ?? None),
        .. facts.Attention is { } attention ? new[] { ("attention to a description", attention) } : [],
        .. facts.VectorLayer is { } layer ? new[] { ("vectors", $"behind layer {layer}") } : [],
        .. facts.Method is null ? Array.Empty<(string, string)>() :
        [
            ("method", $"{facts.Method}; {facts.LearnedParameters:N0} parameters learned"),
            ("steps", $"{facts.StepsDone:N0}" + (facts.TotalSteps is { } total ? $" of {total:N0}" : "")
                + $", {facts.Status}, {facts.Seconds:F1} s"),
            ("best", facts.BestStep is { } step
                ? $"step {step:N0}" + (facts.BestMrr is { } rank ? $", validation MRR {rank:F3}" : "") : None),
            ("base model", facts.BaseModel ?? None),
            ("graph", facts.Graph ?? None),
        ],
    ];

    private static (string Name, string Value)[] Of(RerankerDescription facts) =>
    [
        ("trained", $"{facts.Steps:N0} steps in {facts.Seconds:F1} s"),
        ("reads", $"the best {facts.Shape.Depth:N0}, {facts.Shape.TextTokens:N0} tokens and {facts.Shape.Neighbours:N0} facts of each"),
        ("validation MRR", $"{facts.Valid.Before:F3} without, {facts.Valid.After:F3} with it ({facts.Valid.Queries:N0} queries)"),
        ("weights", facts.Weights.AreZero() ? "none: it is not used"
            : $"verdict {facts.Weights.Verdict}, backward {facts.Weights.Backward}, mirrored {facts.Weights.Mirrored}"),
    ];
}
