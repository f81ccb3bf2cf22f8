namespace Kalm.Representation;

/// <summary>What an aligned model carries beside its weights, in <c>kalm.json</c>, where readers of plain checkpoints and adapters do not look.</summary>
/// <param name="LogInverseTemperature">log(1 / tau) as learned.</param>
/// <param name="Wording">The wording it was trained with; every later use takes it from here.</param>
public sealed record AlignedSettings(double LogInverseTemperature, WordingOptions Wording)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "kalm.json";
}
