using System.Text.Json;

namespace Kalm.Language.Sources.Gguf;

/// <summary>How the model's makers would have it write, as newer GGUF files say (<c>general.sampling.*</c>).</summary>
/// <param name="Temperature">What logits are divided by.</param>
/// <param name="TopK">How many of the likeliest tokens are drawn from.</param>
/// <param name="TopP">Of the likeliest tokens, those that together have this probability.</param>
/// <param name="MinP">Tokens with less than this share of the likeliest one's probability are left out.</param>
/// <param name="RepetitionPenalty">What the logits of tokens that occurred are divided by.</param>
public sealed record GgufGeneration(double? Temperature, int? TopK, double? TopP, double? MinP, double? RepetitionPenalty)
{
    private const string Prefix = "general.sampling.";

    /// <summary>Reads the keys.</summary>
    internal static GgufGeneration Read(GgufMetadata metadata) => new(
        metadata.Number(Prefix + "temp"),
        metadata.Whole(Prefix + "top_k") is >= 0 and <= int.MaxValue and var most ? (int)most : null,
        metadata.Number(Prefix + "top_p"),
        metadata.Number(Prefix + "min_p"),
        metadata.Number(Prefix + "penalty_repeat"));

    /// <summary>The text of a generation_config.json, with the tokens that begin and end a text.</summary>
    public string ToJson(int? begin, IReadOnlyList<int> ends)
    {
        ArgumentNullException.ThrowIfNull(ends);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true }))
        {
            json.WriteStartObject();
            if (begin is { } id)
                json.WriteNumber("bos_token_id", id);
            if (Temperature is not null || TopK is not null || TopP is not null || MinP is not null)
                json.WriteBoolean("do_sample", Temperature is not 0);
            json.WriteStartArray("eos_token_id");
            foreach (var end in ends)
                json.WriteNumberValue(end);
            json.WriteEndArray();
            foreach (var (name, value) in new[] { ("min_p", MinP), ("repetition_penalty", RepetitionPenalty), ("temperature",
                Temperature is 0 ? null : Temperature), ("top_p", TopP) })
                if (value is { } number)
                    json.WriteNumber(name, number);
            if (TopK is { } count)
                json.WriteNumber("top_k", count);
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
