using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Makes a tokenizer of the vocabulary in a GGUF file. It is written as the files of a Hugging Face folder, which are then read
/// like any
/// others, so that an export has the same tokenizer.</summary>
internal static class GgufTokenizerReader
{
    /// <summary>The definition; its source files are those of a Hugging Face folder.</summary>
    /// <exception cref="KalmException">The tokenizer is of a kind that is not supported.</exception>
    public static TokenizerDefinition Read(GgufVocabularyReader vocabulary) => TokenizerReader.Read(vocabulary.Metadata.Path,
        Files(vocabulary), vocabulary.EndIds);

    /// <summary>The files by their names: tokenizer.json, or tokenizer.model for SentencePiece, and tokenizer_config.json.</summary>
    public static Dictionary<string, byte[]> Files(GgufVocabularyReader vocabulary)
    {
        var files = vocabulary.Model switch
        {
            "gpt2" => new Dictionary<string, byte[]> { [TokenizerReader.TokenizerFile] = GgufTokenizerJson.Write(vocabulary) },
            "llama" => new Dictionary<string, byte[]> { [TokenizerReader.SentencePieceFile] = GgufSentencePiece.Write(vocabulary) },
            var other => throw vocabulary.Metadata.Fault("tokenizer.ggml.model", other is "t5" or "bert" or "rwkv" or "plamo2"
                ? "gpt2 or llama: tokenizers of other kinds are not read from GGUF" : "gpt2 or llama"),
        };
        files[TokenizerReader.ConfigFile] = GgufTokenizerConfig.Write(vocabulary);
        return files;
    }
}
