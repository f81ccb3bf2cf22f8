namespace Kalm.Templates;

/// <summary>What one rendering may cost. A template comes with a model from anywhere and is not believed to end.</summary>
internal sealed class TemplateAllowance
{
    /// <summary>Characters of a template.</summary>
    public const int SourceCharacters = 1 << 18;

    /// <summary>Characters of one text, the whole output included.</summary>
    public const int TextCharacters = 1 << 20;

    /// <summary>Items of one list.</summary>
    public const int Items = 100_000;

    /// <summary>How deep expressions, statements, macros and values may nest.</summary>
    public const int Depth = 150;

    /// <summary>Steps: a node that is evaluated, an item that is looked at, 16 characters that are copied.</summary>
    public const int Steps = 1_000_000;

    private const int CharactersPerStep = 16;
    private const int ComparisonsPerStep = 1024;
    private long steps = Steps;
    private int depth;

    /// <summary>Takes steps.</summary>
    public void Step(TemplatePlace place, long count = 1)
    {
        if ((steps -= count) < 0)
            throw new TemplateException(place, $"the template takes more than {Steps:N0} steps");
    }

    /// <summary>Takes the steps of a text that is made.</summary>
    public void Text(TemplatePlace place, long length)
    {
        if (length > TextCharacters)
            throw new TemplateException(place, $"the template makes a text of more than {TextCharacters:N0} characters");
        Step(place, 1 + length / CharactersPerStep);
    }

    /// <summary>Takes the steps of looking for a text in another, which may cost the product of their lengths.</summary>
    public void Search(TemplatePlace place, int length, int sought) =>
        Step(place, 1 + length / CharactersPerStep + (long)length * sought / ComparisonsPerStep);

    /// <summary>Takes the steps of a list that is made.</summary>
    public void List(TemplatePlace place, long count)
    {
        if (count > Items)
            throw new TemplateException(place, $"the template makes a list of more than {Items:N0} items");
        Step(place, 1 + count);
    }

    /// <summary>Goes a level deeper; <see cref="Leave"/> comes back.</summary>
    public void Enter(TemplatePlace place)
    {
        if (++depth > Depth)
            throw new TemplateException(place, $"the template nests deeper than {Depth} levels");
    }

    /// <summary>Comes back.</summary>
    public void Leave() => depth--;
}
