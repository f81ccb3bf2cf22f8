using Kalm.Language.Execution;
using Kalm.Language.Model;
using TorchSharp;

namespace Kalm.Representation;

/// <summary>A model opened for reading, its adapter merged, with the workers that run it. Owns both.</summary>
public sealed class LoadedModel : IDisposable
{
    /// <summary>Loads a model.</summary>
    /// <param name="opened">The model; owned from here on.</param>
    /// <param name="device">Where it computes; the CPU when null.</param>
    /// <param name="threads">CPU threads; null takes all cores.</param>
    public LoadedModel(OpenedModel opened, torch.Device? device = null, int? threads = null)
    {
        Opened = opened;
        try
        {
            Model = opened.LoadForReading(device);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
        try
        {
            Wording = new Wording(Model.Tokenizer, opened.Settings.Wording, opened.Template);
            Decoder = new DecoderPool(
                Model, null, null, threads ?? Environment.ProcessorCount, vectorLayer: opened.Settings.VectorLayer);
        }
        catch
        {
            Model.Dispose();
            opened.Dispose();
            throw;
        }
    }

    /// <summary>What it was loaded from.</summary>
    public OpenedModel Opened { get; }

    /// <summary>Architecture, tokenizer and weights.</summary>
    public CausalModel Model { get; }

    /// <summary>The wording the model was aligned with.</summary>
    public Wording Wording { get; }

    /// <summary>The workers.</summary>
    public DecoderPool Decoder { get; }

    /// <summary>tau as learned; the method's first value for a model that was not aligned.</summary>
    public double Temperature => Math.Exp(-Opened.Settings.LogInverseTemperature);

    /// <inheritdoc/>
    public void Dispose()
    {
        Decoder.Dispose();
        Model.Dispose();
        Opened.Dispose();
    }
}
