namespace Kalm.Graph.Readers.Records;

/// <summary>A key and its value, as text.</summary>
/// <param name="Key">The key, as it is written.</param>
/// <param name="Value">The value; of several of a list each is a property of its own.</param>
internal readonly record struct Property(string Key, string Value);
