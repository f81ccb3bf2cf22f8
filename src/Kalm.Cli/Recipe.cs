using Kalm.Alignment;

namespace Kalm.Cli;

/// <summary>A file of options.</summary>
internal static class Recipe
{
    /// <summary>Reads a recipe; the defaults without one.</summary>
    /// <exception cref="KalmException">The file is missing, or a value makes no sense; the message names the file.</exception>
    public static AlignmentOptions Read(string? path)
    {
        if (path is null)
            return new AlignmentOptions();
        if (!File.Exists(path))
            throw new KalmException($"--recipe {path}: no such file; expected a JSON file of options");
        var options = Json.Read<AlignmentOptions>(path);
        try
        {
            return options.Validated();
        }
        catch (KalmException error)
        {
            throw new KalmException($"{path}: {error.Message}", error);
        }
    }
}
