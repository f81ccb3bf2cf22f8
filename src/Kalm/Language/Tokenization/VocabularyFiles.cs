using System.Text;
using System.Text.Unicode;
using Kalm.Files;
using Kalm.Language.Tokenization.Models;

namespace Kalm.Language.Tokenization;

/// <summary>Reads the files that were published before tokenizer.json: <c>vocab.json</c>, pieces and their ids, and <c>merges.txt</c>, a
/// merge in each line. How a text is cut into words only the tokenizer's class tells.</summary>
internal static class VocabularyFiles
{
    private static readonly SplittingStep[] Gpt2 = [new ByteLevelSplitting(AddsPrefixSpace: false, UsesGpt2Words: true)];
    private static readonly SplittingStep[] Qwen2 =
        [PatternSplitting.Of(ByteLevelWords.Qwen2), new ByteLevelSplitting(AddsPrefixSpace: false, UsesGpt2Words: false)];

    private static readonly Dictionary<string, SplittingStep[]> WordsOfClass = new()
    {
        ["GPT2Tokenizer"] = Gpt2, ["CodeGenTokenizer"] = Gpt2, ["RobertaTokenizer"] = Gpt2, ["BartTokenizer"] = Gpt2,
        ["LongformerTokenizer"] = Gpt2, ["Qwen2Tokenizer"] = Qwen2,
    };

    /// <summary>The tokenizer of both files.</summary>
    /// <param name="vocabulary">vocab.json.</param>
    /// <param name="mergesFile">The name of merges.txt.</param>
    /// <param name="merges">Its content; null when there is none.</param>
    /// <param name="config">tokenizer_config.json, which names the class; GPT-2's when it does not.</param>
    /// <exception cref="KalmException">A file is faulty, or the class is not one of those that are known.</exception>
    public static TokenizerDefinition Read(JsonPart vocabulary, string mergesFile, byte[]? merges, JsonPart? config)
    {
        if (merges is null)
            throw new KalmException($"{mergesFile}: no such file; expected it beside vocab.json");
        var name = config?.FindText("tokenizer_class") ?? "GPT2Tokenizer";
        var plain = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        if (!WordsOfClass.TryGetValue(plain, out var words))
            throw config!.Value.Fault($"tokenizer_class is {FileFault.Quote(name)}, and there is no tokenizer.json; supported without it: "
                + string.Join(", ", WordsOfClass.Keys));
        var definition = new TokenizerDefinition
        {
            Splitting = words,
            Pieces = VocabularyReader.ReadPieces(vocabulary),
            AddedTokens = [],
            UnknownPiece = config?.Find("unk_token") is { } unknown ? AddedTokenReader.Read(unknown, special: true).Content : null,
            Normalization = words == Qwen2 ? [new NormalForm(Composes: true, Compatibly: false)] : [],
        };
        return definition with { Merges = ReadMerges(mergesFile, merges, definition) };
    }

    private static MergeTable ReadMerges(string file, byte[] content, TokenizerDefinition definition)
    {
        if (!Utf8.IsValid(content))
            throw new KalmException($"{file}: not valid UTF-8");
        var merger = new MergeParser(definition);
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            number++;
            var pair = line.TrimEnd('\r');
            // Only the line that names the version begins so.
            if (pair.Length == 0 || pair.StartsWith("#version", StringComparison.Ordinal))
                continue;
            if (merger.Add(pair) is { } problem)
                throw new KalmException(
                    $"{file}({number}): {(problem.Length > 0 ? problem : $"found {FileFault.Quote(pair)}; expected two pieces")}");
        }
        return merger.Finish();
    }
}
