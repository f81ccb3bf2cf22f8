using Kalm.Alignment;
using Kalm.Alignment.Options;

namespace Kalm.Cli;

/// <summary>What <c>--recipe</c> names.</summary>
internal static class Recipe
{
    /// <summary>Reads a recipe; the defaults without one.</summary>
    /// <exception cref="KalmException">The file is missing, or a value makes no sense; the message names the file.</exception>
    public static AlignmentOptions Read(string? path) => path is null ? new AlignmentOptions()
        : File.Exists(path) ? RecipeFile.Read(path)
        : throw new KalmException($"--recipe {path}: no such file; expected a JSON file of options");
}
