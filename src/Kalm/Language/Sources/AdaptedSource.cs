using System.Text.Json.Nodes;
using Kalm.Language.Chat;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources;

/// <summary>A base model with a PEFT adapter over it. A tokenizer and a chat template that lie beside the adapter take the place of the
/// base's.</summary>
/// <param name="given">How the user named it.</param>
/// <param name="adapter">The adapter; owned from here on.</param>
/// <param name="place">The adapter's folder.</param>
/// <param name="model">The base; owned from here on.</param>
public sealed class AdaptedSource(string given, AdapterFolder adapter, string place, IModelSource model) : IModelSource
{
    /// <inheritdoc/>
    public string Given => given;

    /// <summary>The adapter's folder.</summary>
    public string Place => place;

    /// <inheritdoc/>
    public string Reference => Path.GetFullPath(place);

    /// <inheritdoc/>
    public ModelConfig Config => adapter.Config;

    /// <inheritdoc/>
    public GenerationDefaults Generation => model.Generation;

    /// <inheritdoc/>
    public AdapterFolder? Adapter => adapter;

    /// <inheritdoc/>
    public IModelSource Base => model;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [.. model.Warnings, .. adapter.Warnings];

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => model.Files;

    private bool HasTokenizer => Tokenizer.IsIn(place);

    /// <inheritdoc/>
    public StoredTensor? TryFind(string name) => model.TryFind(name);

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) => model.ReadSingles(name, offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => model.Release(name, offset, count);

    /// <inheritdoc/>
    public Tokenizer ReadTokenizer() => HasTokenizer
        ? Tokenizer.Load(place, [.. Generation.EndTokenIds, .. Config.EndTokenIds]) : model.ReadTokenizer();

    /// <inheritdoc/>
    public ChatTemplate? ReadChatTemplate() => ChatTemplate.Load(place) ?? model.ReadChatTemplate();

    /// <inheritdoc/>
    public JsonObject? ReadConfig() => model.ReadConfig();

    /// <inheritdoc/>
    public void WriteCompanions(string folder)
    {
        model.WriteCompanions(folder);
        if (HasTokenizer)
            CompanionFiles.CopyTokenizer(place, folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        adapter.Dispose();
        model.Dispose();
    }
}
