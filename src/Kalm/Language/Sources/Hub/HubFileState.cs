namespace Kalm.Language.Sources.Hub;

/// <summary>What the hub says of a file: enough to fetch it and to know it again.</summary>
/// <param name="Name">Its path in the repository.</param>
/// <param name="Tag">The name of its content: the SHA-256 of a large file, the git blob's SHA-1 of any other.</param>
/// <param name="Size">Its bytes.</param>
internal sealed record HubFileState(string Name, string Tag, long Size);
