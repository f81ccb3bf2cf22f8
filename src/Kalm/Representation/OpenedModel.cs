using Kalm.Language.Chat;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Tokenization;
using TorchSharp;

namespace Kalm.Representation;

/// <summary>A model opened for reading, with the wording and temperature it was aligned with. Owns the source.</summary>
public sealed record OpenedModel : IDisposable
{
    private const long WritingParameters = 50_000_000;
    private readonly Lazy<(ChatTemplate? Template, string? Refusal)> template;
    private readonly Lazy<Tokenizer> tokenizer;

    private OpenedModel(IModelSource source, AlignedSettings? settings)
    {
        Source = source;
        IsAligned = settings is not null;
        // Before forms were told apart there was one.
        Settings = settings is null ? new AlignedSettings(Math.Log(20), new WordingOptions())
            : settings with { Wording = settings.Wording with { Form = settings.Wording.Form ?? PromptForm.Alpaca } };
        template = new(ReadTemplate);
        tokenizer = new(Source.ReadTokenizer);
    }

    /// <summary>The model's chat template; null where it has none, or one that cannot be used.</summary>
    public ChatTemplate? Template => template.Value.Template;

    /// <summary>The model's tokenizer, read once.</summary>
    /// <exception cref="KalmException">It cannot be read.</exception>
    public Tokenizer Tokenizer => tokenizer.Value;

    /// <summary>Whether it was made to write: it brings a chat template, or is of the size of published models, 50 million parameters or
    /// more without the embedding.</summary>
    public bool Writes => Template is not null || IsLarge;

    /// <summary>Whether it has 50 million parameters or more without the embedding.</summary>
    public bool IsLarge => CausalModel.CountParameters(Source.Config).Body >= WritingParameters;

    /// <summary>Why the model's chat template cannot be used; null where it can, and where there is none.</summary>
    public string? TemplateRefusal => template.Value.Refusal;

    /// <summary>Where it comes from.</summary>
    public IModelSource Source { get; }

    /// <summary>The model as the user named it.</summary>
    public string Given => Source.Given;

    /// <summary>The adapter's folder; null where there is none.</summary>
    public string? AdapterFolder => Source.Adapter is null ? null : Source.Place;

    /// <summary>The wording and temperature it was aligned with; defaults for a model that was not aligned.</summary>
    public AlignedSettings Settings { get; init; }

    /// <summary>Whether the model was aligned.</summary>
    public bool IsAligned { get; }

    /// <summary>Opens a model by any name: see <see cref="ModelSources.Open"/>.</summary>
    /// <exception cref="KalmException">It is not found, not sound or not supported.</exception>
    public static OpenedModel Open(string name, ModelSourceOptions? options = null)
    {
        var source = ModelSources.Open(name, options);
        try
        {
            var settings = Path.Combine(source.Place, AlignedSettings.FileName);
            return new OpenedModel(source, File.Exists(settings) ? Json.Read(settings, SettingsJson.Shared.AlignedSettings) : null);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Refuses an adapter whose base model is another one now than the one it was trained on.</summary>
    /// <exception cref="KalmException">It is; the message names both.</exception>
    public void RequireBase()
    {
        if (AdapterFolder is null || Settings.Base is not { } trained)
            return;
        var found = BaseFingerprint.Of(Source);
        if (found != trained.Fingerprint)
            throw new KalmException(
                $"{AdapterFolder}: belongs to another base model\nfound {Source.Base.Place} with fingerprint {found[..12]}; "
                + $"expected {trained.Name} with fingerprint {trained.Fingerprint[..12]}");
    }

    /// <summary>Loads the model, its adapter merged.</summary>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    /// <param name="precision">How the layers' matrices are held; anything but F32 only suits a base that stays frozen.</param>
    public CausalModel Load(torch.Device? device = null, BasePrecision precision = BasePrecision.Fp32)
    {
        RequireBase();
        return CausalModel.Load(Source, device, precision, Tokenizer);
    }

    /// <summary>Loads the model for reading and writing texts, not for training: see <see cref="CausalModel.LoadForReading"/>.</summary>
    /// <param name="device">Where the weights go; the CPU when null.</param>
    public CausalModel LoadForReading(torch.Device? device = null)
    {
        RequireBase();
        return CausalModel.LoadForReading(Source, device, Tokenizer);
    }

    // A model is worth loading for its embeddings, whatever its template says.
    private (ChatTemplate? Template, string? Refusal) ReadTemplate()
    {
        try
        {
            return (Source.ReadChatTemplate(), null);
        }
        catch (KalmException error)
        {
            return (null, error.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();
}
