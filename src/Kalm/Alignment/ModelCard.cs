using System.Globalization;
using System.Text;
using Kalm.Alignment.Options;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The README.md of an exported model: what it is, where it comes from and how it is used.</summary>
internal static class ModelCard
{
    /// <summary>The card's text, with the header that model hubs read.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="model">Where its parts came from.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="type">The type of the weights.</param>
    /// <param name="run">The run that made it; null when there was none.</param>
    public static string Text(string name, OpenedModel model, ModelConfig config, TensorType type, RunDescription? run)
    {
        var origin = NameOf(run?.Model ?? model.Source.Base.Reference);
        var card = new StringBuilder()
            .Append("---\nlibrary_name: transformers\npipeline_tag: text-generation\n")
            .Append(CultureInfo.InvariantCulture, $"base_model: {Quoted(origin)}\n")
            .Append("tags:\n- kalm\n- knowledge-graph\n---\n\n")
            .Append(CultureInfo.InvariantCulture, $"# {name}\n\n")
            .Append(run is null
                ? $"The model `{origin}`, written by Kalm.\n\n"
                : $"The model `{origin}`, aligned with the knowledge graph `{NameOf(run.Graph)}` by KaLM (arXiv 2412.04948).\n\n")
            .Append("| | |\n| --- | --- |\n");
        foreach (var (fact, value) in Facts(model, config, type, run))
            card.Append(CultureInfo.InvariantCulture, $"| {fact} | {value} |\n");
        return card.Append(Use(name, model)).ToString();
    }

    private static IEnumerable<(string Fact, string Value)> Facts(
        OpenedModel model, ModelConfig config, TensorType type, RunDescription? run)
    {
        yield return ("architecture", config.Architecture.ModelType);
        yield return ("parameters", Text($"{CausalModel.CountParameters(config).All:N0}"));
        yield return ("weights", type.TorchName());
        if (model.IsAligned)
            yield return ("temperature of the cosines", Text($"{Math.Exp(-model.Settings.LogInverseTemperature):F4}"));
        if (model.Settings.VectorLayer is { } layer)
            yield return ("vectors", Text($"behind layer {layer} of {config.LayerCount} and the final norm"));
        if (model.Settings.Wording.Attention == DescriptionAttention.Prefix)
            yield return ("attention in vectors", "a description's tokens see all of it");
        if (run is null)
            yield break;
        yield return ("base", NameOf(run.Model));
        yield return ("SHA-256 of the base's weights", $"`{run.Hashes.Base}`");
        yield return ("graph", NameOf(run.Graph));
        yield return ("method", run.Options.Method == AlignmentMethod.Full ? "all weights" : Lora(run.Options.Lora));
        yield return ("steps", Text($"{run.StepsDone:N0} of {run.Options.Batches.Triples:N0} triples"));
        yield return ("seed", Text($"{run.Options.Seed}"));
        if (run.Validations.FirstOrDefault(validation => validation.Step == 0) is { } before)
            yield return ("validation before", Figures(before));
        if (run.Validations.FirstOrDefault(validation => validation.Step == run.BestStep) is { } best)
            yield return (Text($"validation at step {best.Step:N0}"), Figures(best));
        yield return ("Kalm", run.Kalm);
    }

    private static string Use(string name, OpenedModel model)
    {
        var use = $"""

            ## Use

            As any causal language model:

            ```python
            from transformers import AutoModelForCausalLM, AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained("{name}")
            model = AutoModelForCausalLM.from_pretrained("{name}")
            ```

            """;
        return !model.IsAligned ? use : use + $"""

            For the completion of a graph, whose wording and temperature are in `{AlignedSettings.FileName}`:

            ```bash
            kalm evaluate completion --model {name} --graph GRAPH
            kalm embed --model {name} --graph GRAPH --out vectors
            ```

            """;
    }

    private static string Lora(LoraOptions options)
    {
        var stabilized = options.RankStabilized ? ", rank-stabilised" : "";
        return Text($"LoRA, rank {options.Rank}, alpha {options.Alpha}{stabilized}, on {string.Join(", ", options.Targets)}; merged");
    }

    private static string Figures(RunValidation validation) =>
        Text($"MRR {validation.MeanReciprocalRank:F3}, Hits@10 {validation.HitsAt10:F3} (filtered, a sample of the valid split)");

    // The place on one machine says nothing on another.
    private static string NameOf(string model) => Directory.Exists(model) || File.Exists(model) || Path.IsPathRooted(model)
        ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) : model;

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
