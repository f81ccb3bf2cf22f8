using ScottPlot;
using SkiaSharp;

namespace Kalm.Cli.Plots;

/// <summary>The font that ships with the program, for whatever font a plot asks for: without one, text would not be drawn at all.</summary>
internal sealed class EmbeddedFont : IFontResolver
{
    /// <summary>The font's name.</summary>
    public const string Name = "DejaVu Sans";

    private static readonly Lock Gate = new();
    private static bool isInstalled;

    private EmbeddedFont() { }

    /// <summary>Makes plots use it.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (isInstalled)
                return;
            Fonts.FontResolvers.Insert(0, new EmbeddedFont());
            Fonts.Default = Name;
            isInstalled = true;
        }
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => Load(fontName);

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => Load(fontName);

    private static SKTypeface? Load(string fontName)
    {
        if (fontName != Name)
            return null;
        using var stream = typeof(EmbeddedFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf");
        return SKTypeface.FromStream(stream);
    }
}
