using System.Text.Json.Serialization;

namespace Kalm.Representation;

/// <summary>The members of kalm.json, found when it is compiled: every verb reads that file before it does anything else.</summary>
[JsonSerializable(typeof(AlignedSettings))]
internal sealed partial class SettingsJson : JsonSerializerContext
{
    /// <summary>Spells them as the project does.</summary>
    public static SettingsJson Shared { get; } = new(Json.Compiled);
}
