using System.Text.Json.Nodes;
using Kalm.Language.Chat;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources;

/// <summary>A model opened for reading, wherever it comes from: configuration, tokenizer, words of chats, generation defaults, and tensors
/// by the canonical names of <see cref="ModelConfig.TensorShapes"/>. Nothing of the weights has been read or allocated when it is
/// opened.</summary>
public interface IModelSource : IDisposable
{
    /// <summary>The model as the user named it.</summary>
    string Given { get; }

    /// <summary>Where it was found: a folder or a file.</summary>
    string Place { get; }

    /// <summary>How another program or a later run finds it again: a hub id, or a full path.</summary>
    string Reference { get; }

    /// <summary>The architecture, as it is with the adapter merged: an adapter may untie the head or add tokens.</summary>
    ModelConfig Config { get; }

    /// <summary>How it wants to be sampled, and what ends a text.</summary>
    GenerationDefaults Generation { get; }

    /// <summary>The adapter; null where there is none.</summary>
    AdapterFolder? Adapter { get; }

    /// <summary>The source without its adapter: itself where it has none.</summary>
    IModelSource Base { get; }

    /// <summary>What is odd without being wrong, in sentences for the user.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>The files that hold the base's weights, in the order of their names.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>The base's tensor of that canonical name as it is stored, or null.</summary>
    StoredTensor? TryFind(string name);

    /// <summary>Reads elements of a tensor of the base from its element <paramref name="offset"/> on.</summary>
    void ReadSingles(string name, long offset, Span<float> destination);

    /// <summary>Tells the system that elements of a tensor will not be read again soon.</summary>
    void Release(string name, long offset, long count);

    /// <summary>Reads what turns text into the model's ids and back.</summary>
    /// <exception cref="KalmException">There is none, or it asks for something that is not supported.</exception>
    Tokenizer ReadTokenizer();

    /// <summary>Reads the words of chats; null when the model brings none.</summary>
    /// <exception cref="KalmException">The template is faulty or asks for something that is not supported.</exception>
    ChatTemplate? ReadChatTemplate();

    /// <summary>The model's own config.json, with all that other libraries read there; null where the format has none.</summary>
    JsonObject? ReadConfig();

    /// <summary>Writes what lies beside the weights of a Hugging Face folder: tokenizer, chat template, generation_config.json,
    /// licence.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <exception cref="KalmException">A file cannot be read or written.</exception>
    void WriteCompanions(string folder);
}
