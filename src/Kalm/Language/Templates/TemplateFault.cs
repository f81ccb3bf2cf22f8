namespace Kalm.Language.Templates;

/// <summary>A place in a template, both from 1.</summary>
internal readonly record struct TemplatePlace(int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line},{Column}";
}

/// <summary>What is wrong with a template, or with what it was given; <see cref="ChatTemplate"/> makes a <see cref="KalmException"/> of it.</summary>
internal sealed class TemplateFault(TemplatePlace place, string message) : Exception(message)
{
    /// <summary>Where.</summary>
    public TemplatePlace Place => place;
}
