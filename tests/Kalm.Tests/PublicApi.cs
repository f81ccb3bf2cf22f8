using System.Reflection;
using System.Xml.Linq;

namespace Kalm.Tests;

/// <summary>What strangers may call: the public types of the libraries that are packed.</summary>
internal static class PublicApi
{
    /// <summary>The libraries, without the tool.</summary>
    public static IReadOnlyList<Assembly> Libraries { get; } =
    [
        .. Directory.EnumerateFiles(Documents.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => Has(file, "IsPackable") && !Has(file, "PackAsTool")).Order(StringComparer.Ordinal)
            .Select(file => Assembly.Load(Path.GetFileNameWithoutExtension(file))),
    ];

    private static bool Has(string project, string property) =>
        XDocument.Load(project).Descendants(property).Any(element => element.Value == "true");
}
