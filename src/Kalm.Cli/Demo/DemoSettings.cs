using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Pretraining;

namespace Kalm.Cli.Demo;

/// <summary>What decides a demonstration.</summary>
internal sealed record DemoSettings
{
    private const string RecipeName = "world-demo.json";
    private const string RecipeOfGiven = "world-smollm2.json";

    /// <summary>The graph's folder.</summary>
    public required string Graph { get; init; }

    /// <summary>Where everything made is put.</summary>
    public required string Out { get; init; }

    /// <summary>Whether what an earlier demonstration left is gone on with.</summary>
    public bool Resume { get; init; }

    /// <summary>The base model, in any form that a model is named in; null makes one.</summary>
    public string? Model { get; init; }

    /// <summary>How the base model is made where none is given: of a small vocabulary, because the sample's texts are few.</summary>
    public PretrainingOptions Pretraining { get; init; } = new()
    {
        Preset = ModelPreset.Find("tiny") with { Vocabulary = 2048 },
        Steps = 370,
    };

    /// <summary>How it is aligned.</summary>
    public required AlignmentOptions Alignment { get; init; }

    /// <summary>The demonstration that ships with the sources: the sample graph and its recipe.</summary>
    /// <param name="output">Where everything made is put.</param>
    /// <param name="model">The base model; null makes one.</param>
    /// <param name="recipe">A recipe in the place of the one that ships with the sources; null for that one.</param>
    /// <param name="seed">Replaces the recipe's seed.</param>
    /// <param name="threads">CPU threads; null takes all cores.</param>
    /// <exception cref="KalmException">The sample graph lies neither beside the program nor above it.</exception>
    public static DemoSettings OfSample(string output, string? model, string? recipe, long? seed, int? threads)
    {
        var root = Root();
        var alignment = RecipeFile.Read(recipe ?? Path.Combine(root, "recipes", model is null ? RecipeName : RecipeOfGiven));
        var settings = new DemoSettings
        {
            Graph = Path.Combine(root, "samples", "world"),
            Out = output,
            Model = model,
            Alignment = alignment with { Seed = seed ?? alignment.Seed, Threads = threads },
        };
        return settings with { Pretraining = settings.Pretraining with { Seed = settings.Alignment.Seed, Threads = threads } };
    }

    private static string Root()
    {
        const string Sample = "samples/world";
        // Inside the repository its own files, so that a run remembers a graph that stays; elsewhere what lies beside the program.
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory).Parent; folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, Sample)))
                return folder.FullName;
        if (Directory.Exists(Path.Combine(AppContext.BaseDirectory, Sample)))
            return AppContext.BaseDirectory;
        throw new KalmException($"demo: found no samples/world above {AppContext.BaseDirectory}; expected it beside the "
            + "program, as it is installed");
    }
}
