using Kalm.Cli.Progress;
using Kalm.Language.Model;
using Kalm.Representation;

namespace Kalm.Cli;

/// <summary>A model opened for reading, its adapter merged, with the workers that run it. Owns both.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly CausalModel model;

    /// <summary>Loads a model.</summary>
    /// <param name="folder">Where its parts lie.</param>
    /// <param name="device">The name of the device.</param>
    /// <param name="threads">CPU threads; null takes all cores.</param>
    /// <param name="progress">Told what is odd about the folder.</param>
    public LoadedModel(ModelFolder folder, string device, int? threads, ProgressView progress)
    {
        model = folder.Load(Given.Device(device));
        try
        {
            foreach (var warning in model.Warnings)
                progress.Note(warning);
            Wording = new Wording(model.Tokenizer, folder.Settings.Wording);
            Decoder = new DecoderPool(model, null, null, threads ?? Environment.ProcessorCount);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The wording the model was aligned with.</summary>
    public Wording Wording { get; }

    /// <summary>The workers.</summary>
    public DecoderPool Decoder { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Decoder.Dispose();
        model.Dispose();
    }
}
