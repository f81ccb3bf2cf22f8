namespace Kalm.Templates;

/// <summary>A template in the part of the Jinja language that chat templates use, with the settings and functions of Hugging Face's
/// transformers. What is not supported is refused when it is read; a rendering takes a bounded number of steps and characters, whatever it
/// says. Immutable, and safe to use from several threads.</summary>
public sealed class Template
{
    /// <summary>The most characters that a template may have.</summary>
    public const int MostCharacters = TemplateAllowance.SourceCharacters;

    private readonly IReadOnlyList<Statement> body;

    private Template(IReadOnlyList<Statement> body) => this.body = body;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">It is faulty, or asks for something that is not supported.</exception>
    public static Template Parse(string source) => new(TemplateParser.Read(source));

    /// <summary>Writes the template's text.</summary>
    /// <param name="values">What it may name: null, truth values, numbers, texts (string, taken as the template's own, or
    /// <see cref="MarkedText"/>), lists (<see cref="IEnumerable{T}"/> of object) and maps (<see cref="IReadOnlyDictionary{TKey, TValue}"/>
    /// of string and object) of such values.</param>
    /// <param name="now">The time, for templates that tell it.</param>
    /// <exception cref="TemplateException">The template refuses what it was given, or takes too long.</exception>
    public MarkedText Render(IReadOnlyDictionary<string, object?> values, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(values);
        return TemplateRenderer.Render(body, values.Select(value => (value.Key, ValueOf(value.Value))), now);
    }

    private static object ValueOf(object? value) => value switch
    {
        null => None.Value,
        bool or long or double or MarkedText => value,
        int number => (long)number,
        string text => new MarkedText(text),
        IReadOnlyDictionary<string, object?> map =>
            new TemplateMap(map.Select(entry => ((object)new MarkedText(entry.Key), ValueOf(entry.Value)))),
        IEnumerable<object?> items => new TemplateList([.. items.Select(ValueOf)]),
        _ => throw new ArgumentException($"a template knows no values of the type {value.GetType()}", nameof(value)),
    };
}
