using System.Text.Json.Serialization;

namespace Kalm.Completion;

/// <summary>The members of calibration.json, found when it is compiled: every question reads that file.</summary>
[JsonSerializable(typeof(Calibration))]
internal sealed partial class CalibrationJson : JsonSerializerContext
{
    /// <summary>Spells them as the project does.</summary>
    public static CalibrationJson Shared { get; } = new(Json.Compiled);
}
