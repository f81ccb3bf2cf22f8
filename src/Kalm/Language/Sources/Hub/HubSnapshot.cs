namespace Kalm.Language.Sources.Hub;

/// <summary>A model of the hub as it lies in the cache.</summary>
/// <param name="Id">What was asked for.</param>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Folder">The snapshot's folder; its files may be symbolic links. It may hold more files than were needed.</param>
/// <param name="GgufFile">The path of the GGUF file that was asked for or is all there is (of a split one the first part), else
/// null.</param>
/// <param name="Downloaded">Bytes that came over the network.</param>
/// <param name="Warnings">What the user should know, in sentences.</param>
public sealed record HubSnapshot(
    HubModelId Id, string Commit, string Folder, string? GgufFile, long Downloaded, IReadOnlyList<string> Warnings)
{
    /// <summary>What to open: <see cref="GgufFile"/>, else <see cref="Folder"/>.</summary>
    public string Path => GgufFile ?? Folder;
}
