namespace Kalm.Templates;

/// <summary>Takes the tokens of a template one after the other.</summary>
/// <param name="tokens">A whole template.</param>
internal class TemplateTokenReader(IReadOnlyList<TemplateToken> tokens)
{
    private readonly TemplateAllowance allowance = new();
    private int position;

    /// <summary>The token to be read next.</summary>
    protected TemplateToken Current => tokens[position];

    /// <summary>The one behind it.</summary>
    protected TemplateToken Following => tokens[position + 1];

    /// <summary>Takes the next token.</summary>
    protected TemplateToken Next() => tokens[position].Kind == TemplateTokenKind.End ? tokens[position] : tokens[position++];

    /// <summary>Takes an operator if it is next.</summary>
    protected bool Skip(string text) => Current.IsOperator(text) && Advance();

    /// <summary>Takes a word if it is next.</summary>
    protected bool SkipName(string text) => Current.IsName(text) && Advance();

    /// <summary>Takes an operator that must be next.</summary>
    protected void Expect(string text)
    {
        if (!Skip(text))
            throw Expected($"'{text}'");
    }

    /// <summary>Takes a token of a kind that must be next.</summary>
    protected TemplateToken Expect(TemplateTokenKind kind, string what) => Current.Kind == kind ? Next() : throw Expected(what);

    /// <summary>The error that something else should be next.</summary>
    protected TemplateException Expected(string what) => new(Current.Place, $"found {Current.Description}; expected {what}");

    /// <summary>Reads something that may hold something of its kind.</summary>
    protected T Nested<T>(Func<T> read)
    {
        allowance.Enter(Current.Place);
        var result = read();
        allowance.Leave();
        return result;
    }

    private bool Advance()
    {
        position++;
        return true;
    }
}
