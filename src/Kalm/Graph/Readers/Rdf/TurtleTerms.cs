namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads the terms of Turtle and TriG that are one token, or a literal with what it is.</summary>
/// <param name="text">The text.</param>
/// <param name="baseIri">What relative IRIs are resolved against until the text says otherwise.</param>
internal sealed class TurtleTerms(RdfText text, string baseIri)
{
    private static readonly string[] Directives = ["prefix", "base", "version"];
    private readonly Dictionary<string, string> prefixes = new(StringComparer.Ordinal);
    private char[] room = new char[1 << 10];
    private string basis = baseIri;

    /// <summary>Reads @prefix, @base, @version, or their forms of SPARQL's; false where none stands here.</summary>
    public bool ReadDirective()
    {
        var isMarked = text.Peek() == '@';
        var word = Directives.FirstOrDefault(directive => IsWord(directive, isMarked));
        if (word is null && isMarked)
            throw text.Fault("@prefix, @base or @version");
        if (word is null)
            return false;
        text.Advance(word.Length + (isMarked ? 1 : 0));
        var next = text.SkipSpace();
        if (word == "version")
            _ = next is '"' or '\'' ? Text() : throw text.Fault("a version in quotes");
        else if (word == "base")
            basis = IriInBrackets("the base, an IRI in < >");
        else
            ReadPrefix();
        if (isMarked)
        {
            if (text.SkipSpace() != '.')
                throw text.Fault($"'.' at the end of @{word}");
            text.Advance(1);
        }
        return true;
    }

    /// <summary>Whether a word that is no name stands here, in letters of any case.</summary>
    public bool IsWord(string word, bool isMarked = false)
    {
        var start = isMarked ? 1 : 0;
        var behind = text.Peek(start + word.Length);
        var ahead = text.Ahead;
        return ahead.Length >= start + word.Length
            && ahead.Slice(start, word.Length).Equals(word, isMarked ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase)
            && (behind is RdfText.End or ' ' or '\t' or '\r' or '\n' or '<' or '#' or '"' or '\'' or '{' or '[' or '('
                || (behind == ':' && isMarked));
    }

    /// <summary>Reads an IRI, in brackets or with a prefix, or a labelled blank node.</summary>
    /// <param name="expected">What is expected here.</param>
    public StoredTerm Node(string expected)
    {
        if (text.SkipSpace() == '_' && text.Peek(1) == ':')
            return Blank();
        return StoredTerm.Iri(Iri(expected));
    }

    /// <summary>Reads an IRI, in brackets or with a prefix.</summary>
    public string Iri(string expected)
    {
        if (text.SkipSpace() == '<')
            return IriInBrackets(expected);
        var length = Length(0, NameKind.Prefix);
        if (text.Peek(length) != ':')
            throw text.Fault(expected);
        var prefix = text.Ahead[..length].ToString();
        if (!prefixes.TryGetValue(prefix, out var start))
            throw text.Fault($"a prefix that is declared, '{prefix}:' is not");
        var local = Length(length + 1, NameKind.Local);
        var name = text.Ahead.Slice(length + 1, local);
        var iri = name.Contains('\\') ? start + name.ToString().Replace("\\", "", StringComparison.Ordinal) : string.Concat(start, name);
        text.Advance(length + 1 + local);
        return iri;
    }

    /// <summary>Reads a literal in quotes, with its language or datatype.</summary>
    public StoredTerm Literal()
    {
        var value = Text();
        if (text.SkipSpace() == '@')
        {
            int length, language;
            while ((length = RdfLexical.LanguageLength(text.Ahead[1..], out language, out var isCut)) >= 0 && isCut && text.More())
            {
            }
            if (length == 0)
                throw text.Fault("a language, such as @en");
            var tag = text.Ahead.Slice(1, language).ToString();
            text.Advance(1 + length);
            return StoredTerm.Literal(value, language: tag);
        }
        if (!text.Has("^^"))
            return StoredTerm.Literal(value);
        text.Advance(2);
        return StoredTerm.Literal(value, Iri("the datatype's IRI"));
    }

    /// <summary>Reads true or false, if one stands here; null where none does.</summary>
    public StoredTerm? Boolean()
    {
        var length = Length(0, NameKind.Prefix);
        if (text.Peek(length) == ':' || text.Ahead[..length] is not ("true" or "false"))
            return null;
        var value = text.Ahead[..length].ToString();
        text.Advance(length);
        return StoredTerm.Literal(value, RdfNames.Boolean);
    }

    /// <summary>Reads a number, if one stands here.</summary>
    /// <returns>Null where none does.</returns>
    public StoredTerm? Number()
    {
        var at = text.Peek() is '+' or '-' ? 1 : 0;
        var whole = Digits(ref at);
        var datatype = RdfNames.Integer;
        if (text.Peek(at) == '.')
        {
            var behind = at + 1;
            var fraction = Digits(ref behind);
            if (fraction > 0 || (whole > 0 && IsExponent(behind)))
                (at, whole, datatype) = (behind, whole + fraction, RdfNames.Decimal);
        }
        if (whole == 0)
            return null;
        if (IsExponent(at))
        {
            at += text.Peek(at + 1) is '+' or '-' ? 2 : 1;
            Digits(ref at);
            datatype = RdfNames.Double;
        }
        var value = text.Ahead[..at].ToString();
        text.Advance(at);
        return StoredTerm.Literal(value, datatype);
    }

    private int Digits(ref int at)
    {
        var start = at;
        while (text.Peek(at) is >= '0' and <= '9')
            at++;
        return at - start;
    }

    private bool IsExponent(int at) => text.Peek(at) is 'e' or 'E'
        && text.Peek(at + (text.Peek(at + 1) is '+' or '-' ? 2 : 1)) is >= '0' and <= '9';

    private void ReadPrefix()
    {
        var length = Length(0, NameKind.Prefix);
        if (text.Peek(length) != ':')
            throw text.Fault("a prefix and ':'");
        var prefix = text.Ahead[..length].ToString();
        text.Advance(length + 1);
        if (text.SkipSpace() != '<')
            throw text.Fault("what the prefix stands for, an IRI in < >");
        prefixes[prefix] = IriInBrackets("an IRI in < >");
    }

    private StoredTerm Blank()
    {
        var length = Length(2, NameKind.Blank);
        if (length == 0)
            throw text.Fault("_: and a blank node's label");
        var label = text.Ahead.Slice(2, length).ToString();
        text.Advance(2 + length);
        return StoredTerm.Blank(label);
    }

    // The length of the name that begins some characters ahead.
    private int Length(int start, NameKind kind)
    {
        _ = text.Peek(start);
        int length;
        while ((length = RdfLexical.NameLength(text.Ahead[Math.Min(start, text.Ahead.Length)..], kind, out var isCut)) >= 0 && isCut
            && text.More())
        {
        }
        return length;
    }

    private string IriInBrackets(string expected)
    {
        if (text.Peek() != '<' || text.Peek(1) == '<')
            throw text.Fault(expected);
        var end = 1;
        while (true)
        {
            var length = text.Ahead[end..].IndexOfAny(RdfLexical.IriEnds);
            end = length < 0 ? text.Ahead.Length : end + length;
            if (length >= 0 || !text.More())
                break;
        }
        if (end == text.Ahead.Length || text.Ahead[end] != '>')
        {
            text.Advance(end);
            throw text.Fault("'>' or a character that an IRI may hold");
        }
        var iri = Unescaped(text.Ahead[1..end], isIri: true);
        text.Advance(end + 1);
        return IriReference.Resolve(basis, iri);
    }

    private string Text()
    {
        var quote = (char)text.Peek();
        var isLong = text.Peek(1) == quote && text.Peek(2) == quote;
        var start = isLong ? 3 : 1;
        var end = start;
        while (true)
        {
            var ahead = text.Ahead[end..];
            var next = isLong ? ahead.IndexOfAny(quote, '\\') : ahead.IndexOfAny([quote, '\\', '\r', '\n']);
            if (next < 0 || (isLong && ahead.Length < next + 3))
            {
                // Long literals end with three quotes, and some of them may be behind what is read.
                end += Math.Max(next, 0) + (next < 0 ? ahead.Length : 0);
                if (text.More())
                    continue;
                text.Advance(text.Ahead.Length);
                throw text.Fault($"{new string(quote, start)} at the end of the literal");
            }
            var found = ahead[next];
            if (found == quote && (!isLong || (ahead[next + 1] == quote && ahead[next + 2] == quote)))
            {
                end += next;
                break;
            }
            if (found is '\r' or '\n')
            {
                text.Advance(end + next);
                throw text.Fault($"{quote} at the end of the literal, on its line");
            }
            end += next + (found == '\\' ? 2 : 1);
            if (end > text.Ahead.Length && !text.More())
                throw text.Fault($"{quote} at the end of the literal");
        }
        var value = Unescaped(text.Ahead[start..end], isIri: false);
        text.Advance(end + start);
        return value;
    }

    private string Unescaped(ReadOnlySpan<char> raw, bool isIri)
    {
        if (!raw.Contains('\\'))
            return raw.ToString();
        if (room.Length < raw.Length)
            room = new char[2 * raw.Length];
        var length = RdfLexical.Unescape(raw, room, isIri);
        return length >= 0 ? new string(room, 0, length)
            : throw text.Fault(isIri ? @"escapes \uXXXX or \UXXXXXXXX, of characters that an IRI may hold" : RdfLexical.Escapes);
    }
}
