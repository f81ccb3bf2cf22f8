namespace Kalm.Templates;

/// <summary>A place in a template, both from 1.</summary>
/// <param name="Line">The number of the line.</param>
/// <param name="Column">The number of the character in it.</param>
public readonly record struct TemplatePlace(int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line},{Column}";
}

/// <summary>What is wrong with a template, or with what it was given.</summary>
public sealed class TemplateException(TemplatePlace place, string message) : Exception(message)
{
    /// <summary>Where.</summary>
    public TemplatePlace Place => place;
}
