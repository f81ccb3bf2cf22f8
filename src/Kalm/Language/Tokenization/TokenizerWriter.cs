using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kalm.Language.Tokenization;

/// <summary>Writes the files of a tokenizer: those it was read from, or Hugging Face's tokenizer.json and tokenizer_config.json.</summary>
internal static class TokenizerWriter
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the files into <paramref name="folder"/>, which is made if need be. A tokenizer that was read is written byte for
    /// byte as it was, so that nothing is lost that we have no use for, such as a chat template.</summary>
    /// <exception cref="KalmException">The folder cannot be written to.</exception>
    public static void Write(TokenizerDefinition definition, string folder)
    {
        var files = new Dictionary<string, byte[]>(definition.SourceFiles);
        if (files.Count == 0)
            files[TokenizerReader.TokenizerFile] = Text(Trained(definition).Write);
        if (!files.ContainsKey(TokenizerReader.ConfigFile))
            files[TokenizerReader.ConfigFile] = Text(json => WriteConfig(json, definition));
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, content) in files)
                Replace(Path.Combine(folder, name), content);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KalmException($"{folder}: the tokenizer cannot be written: {problem.Message}", problem);
        }
    }

    private static void Replace(string file, byte[] content)
    {
        // A reader sees the old file or the new one, never half of one.
        var temporary = $"{file}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, file, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>What is written, in UTF-8.</summary>
    public static byte[] Text(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Readable))
            write(json);
        return stream.ToArray();
    }

    private static ByteLevelJson Trained(TokenizerDefinition definition) => new()
    {
        AddedTokens = definition.AddedTokens,
        Vocabulary = definition.Pieces.Select((piece, id) => (piece!, id)),
        Merges = definition.Merges.Merges.Select(merge => (definition.Pieces[merge.Left]!, definition.Pieces[merge.Right]!)),
    };

    private static void WriteConfig(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", definition.Entries is null ? "PreTrainedTokenizerFast" : "LlamaTokenizer");
        if (definition.BeginId is { } begin)
            json.WriteString("bos_token", TextOf(definition, begin));
        // A named token is a control token from then on, which a piece of text is not.
        if (definition.EndId is { } end && definition.AddedTokens.Any(token => token.Id == end))
            json.WriteString("eos_token", TextOf(definition, end));
        if (definition.UnknownPiece is { } unknown)
            json.WriteString("unk_token", unknown);
        json.WriteBoolean("add_bos_token", definition.BeginId is not null);
        // Of other tokenizers it would change the steps.
        if (definition.Splitting is [ByteLevelSplitting only])
            json.WriteBoolean("add_prefix_space", only.AddsPrefixSpace);
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteEndObject();
    }

    private static string TextOf(TokenizerDefinition definition, int id) =>
        definition.AddedTokens.FirstOrDefault(token => token.Id == id)?.Content ?? definition.Pieces[id]!;
}
