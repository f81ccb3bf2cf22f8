using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources;

/// <summary>What a model's <c>generation_config.json</c> says of how it wants to be sampled; absent values are null. Format: transformers'
/// GenerationConfig.</summary>
public sealed record GenerationDefaults
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "generation_config.json";

    // Each changes what is written and is not built here.
    private static readonly (string Key, double Off)[] NotDone =
    [
        ("min_p", 0), ("typical_p", 1), ("epsilon_cutoff", 0), ("eta_cutoff", 0),
        ("no_repeat_ngram_size", 0), ("encoder_repetition_penalty", 1),
        ("num_beams", 1), ("diversity_penalty", 0), ("penalty_alpha", 0), ("top_h", 0), ("min_length", 0), ("min_new_tokens", 0),
    ];

    /// <summary>Any of these tokens ends a text.</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Whether tokens are drawn; otherwise the likeliest is taken, and temperature, top-k and top-p mean nothing.</summary>
    public bool Samples { get; init; }

    /// <summary>What divides the logits.</summary>
    public double? Temperature { get; init; }

    /// <summary>How many of the likeliest tokens are drawn from; 0 for all.</summary>
    public int? TopK { get; init; }

    /// <summary>The probability that the tokens drawn from have together.</summary>
    public double? TopP { get; init; }

    /// <summary>Above 1, tokens that occurred become less likely.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>At most so many tokens are written.</summary>
    public int? MaximumNewTokens { get; init; }

    /// <summary>What the file asks for and is not done, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Reads the file of a folder; where there is none, what <paramref name="config"/> says of the end of a text counts.</summary>
    /// <exception cref="KalmException">The file is not valid, or a value is of the wrong kind.</exception>
    public static GenerationDefaults Read(string folder, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return new GenerationDefaults { EndTokenIds = config.EndTokenIds };
        var fields = JsonFields.Load(path);
        var read = new GenerationDefaults
        {
            EndTokenIds = fields.Has("eos_token_id") ? fields.Integers("eos_token_id") : config.EndTokenIds,
            Samples = fields.Flag("do_sample") ?? false,
            Temperature = Positive("temperature"),
            TopK = fields.Integer("top_k"),
            TopP = Positive("top_p"),
            RepetitionPenalty = Positive("repetition_penalty"),
            MaximumNewTokens = fields.Integer("max_new_tokens"),
        };
        return read with
        {
            Warnings = [.. NotDone.Where(IsAsked).Select(key => $"{path}: {key.Key} is {fields.Value(key.Key)}, which is not done")],
        };

        // Zero is how some files say that a value is not used.
        double? Positive(string key) => fields.Number(key) is { } number && number > 0 ? number : null;

        bool IsAsked((string Key, double Off) key) =>
            fields.Value(key.Key) is { ValueKind: JsonValueKind.Number } value
                && value.TryGetDouble(out var number) && number != key.Off && number != 0;
    }
}
