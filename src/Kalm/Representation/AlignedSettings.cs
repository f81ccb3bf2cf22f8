namespace Kalm.Representation;

/// <summary>What an aligned model carries beside its weights, in <c>kalm.json</c>, where readers of plain checkpoints and adapters do not
/// look.</summary>
/// <param name="LogInverseTemperature">log(1 / tau) as learned.</param>
/// <param name="Wording">The wording it was trained with; every later use takes it from here.</param>
/// <param name="Base">The base model that an adapter belongs to; null for a whole model.</param>
/// <param name="VectorLayer">Behind which layer vectors are taken, counted from 1; null for the last.</param>
public sealed record AlignedSettings(
    double LogInverseTemperature, WordingOptions Wording, AlignedBase? Base = null, int? VectorLayer = null)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "kalm.json";
}

/// <summary>Which base model an adapter was trained on.</summary>
/// <param name="Name">Its folder then.</param>
/// <param name="Fingerprint">As <see cref="Language.Sources.BaseFingerprint"/> gives it.</param>
public sealed record AlignedBase(string Name, string Fingerprint);
