namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads N-Triples and N-Quads, with quoted triples: a statement a line, and no copy of any of it.</summary>
/// <param name="input">The file, and what takes its statements.</param>
/// <param name="hasGraphs">Whether a fourth term names the graph: N-Quads.</param>
internal sealed class NTriplesParser(RdfInput input, bool hasGraphs) : IRdfParser
{
    private char[] room = new char[1 << 10];

    /// <inheritdoc/>
    public void Read()
    {
        using var lines = new LineReader(input.File, input.Encoding);
        while (lines.Read())
        {
            // What escapes stand for is shorter than the escapes.
            if (room.Length < lines.Text.Length)
                room = new char[2 * lines.Text.Length];
            try
            {
                new NTriplesLine(lines.Text, room, new Place(input.File.Shown, lines.Number), hasGraphs).Read(input.Sink);
            }
            catch (RdfFault fault)
            {
                input.Report(fault);
            }
        }
    }
}

/// <summary>A walk over a line.</summary>
/// <param name="text">The line.</param>
/// <param name="room">Takes what its escapes stand for; as long as the line is enough.</param>
/// <param name="place">Where it stands.</param>
/// <param name="hasGraphs">Whether a fourth term names the graph.</param>
internal ref struct NTriplesLine(ReadOnlySpan<char> text, Span<char> room, Place place, bool hasGraphs)
{
    private const int Deepest = 64;
    private const int FoundShown = 24;
    private readonly ReadOnlySpan<char> text = text;
    private readonly Place place = place;
    private readonly bool hasGraphs = hasGraphs;
    private Span<char> room = room;
    private int at;
    private int depth;

    /// <summary>Reads its statement; a lone carriage return ends a line too.</summary>
    public void Read(IRdfSink sink)
    {
        while (ToStatement())
        {
            var subject = Subject();
            var predicate = Iri("a predicate in < >");
            var value = Object();
            var graph = hasGraphs && Peek() != '.' ? Node("a graph's name or '.'") : default;
            Expect(".");
            sink.Take(new RdfStatement(subject, predicate, value, graph, place.Line));
            if (Peek() is not ('\r' or '#' or '\0'))
                throw Fault("the end of the line");
        }
    }

    private bool ToStatement()
    {
        while (Peek() is '\r' or '#')
        {
            var end = text[at..].IndexOf('\r');
            at = end < 0 ? text.Length : at + end + 1;
        }
        return at < text.Length;
    }

    private RdfTerm Subject() => IsQuoted() ? Quoted() : Node("a subject: an IRI in < >, a blank node or a quoted triple");

    private RdfTerm Object() => Peek() == '"' ? Literal() : IsQuoted() ? Quoted()
        : Node("an object: an IRI in < >, a blank node, a literal in \" \" or a quoted triple");

    private RdfTerm Node(string expected)
    {
        if (Peek() != '_')
            return RdfTerm.Iri(Iri(expected));
        if (!text[at..].StartsWith("_:"))
            throw Fault("_: and a blank node's label");
        var length = RdfLexical.NameLength(text[(at + 2)..], NameKind.BlankInLines, out _);
        if (length == 0)
            throw Fault("_: and a blank node's label");
        var label = text.Slice(at + 2, length);
        at += 2 + length;
        return RdfTerm.Blank(label);
    }

    private ReadOnlySpan<char> Iri(string expected)
    {
        if (Peek() != '<' || IsQuoted())
            throw Fault(expected);
        var start = at;
        var length = text[(at + 1)..].IndexOfAny(RdfLexical.IriEnds);
        at = length < 0 ? text.Length : at + 1 + length;
        if (at == text.Length || text[at] != '>')
            throw Fault("'>' or a character that an IRI may hold");
        var iri = Unescaped(text[(start + 1)..at], start, isIri: true);
        if (!RdfLexical.HasScheme(iri))
        {
            at = start;
            throw Fault("an absolute IRI");
        }
        at++;
        return iri;
    }

    private RdfTerm Literal()
    {
        var start = at++;
        while (true)
        {
            var length = text[at..].IndexOfAny('"', '\\', '\r');
            at = length < 0 ? text.Length : at + length;
            if (at == text.Length || text[at] == '\r')
                throw Fault("'\"' at the end of the literal");
            if (text[at] == '"')
                break;
            at = Math.Min(at + 2, text.Length);
        }
        var value = Unescaped(text[(start + 1)..at], start, isIri: false);
        at++;
        if (Peek() == '@')
        {
            var length = RdfLexical.LanguageLength(text[(at + 1)..], out var language, out _);
            if (length == 0)
                throw Fault("a language, such as @en");
            var tag = text.Slice(at + 1, language);
            at += 1 + length;
            return RdfTerm.Literal(value, default, tag);
        }
        if (!text[at..].StartsWith("^^"))
            return RdfTerm.Literal(value, default, default);
        at += 2;
        return RdfTerm.Literal(value, Iri("the datatype's IRI in < >"), default);
    }

    // << s p o >>, or <<( s p o )>> as RDF 1.2 writes it.
    private RdfTerm Quoted()
    {
        if (++depth > Deepest)
            throw Fault($"triples quoted within each other no deeper than {Deepest}");
        at += 2;
        var isTerm = at < text.Length && text[at] == '(';
        if (isTerm)
            at++;
        var subject = Subject().Store();
        var predicate = StoredTerm.Iri(Iri("a predicate in < >").ToString());
        var value = Object().Store();
        Expect(isTerm ? ")>>" : ">>");
        depth--;
        return RdfTerm.Quoted(new StoredTriple(subject, predicate, value));
    }

    private bool IsQuoted() => Peek() == '<' && at + 1 < text.Length && text[at + 1] == '<';

    private ReadOnlySpan<char> Unescaped(ReadOnlySpan<char> raw, int start, bool isIri)
    {
        if (!raw.Contains('\\'))
            return raw;
        var length = RdfLexical.Unescape(raw, room, isIri);
        if (length < 0)
        {
            at = start;
            throw Fault(isIri ? @"an IRI whose escapes are \uXXXX or \UXXXXXXXX, of characters that it may hold" : RdfLexical.Escapes);
        }
        var made = room[..length];
        room = room[length..];
        return made;
    }

    private void Expect(string token)
    {
        Peek();
        if (!text[at..].StartsWith(token))
            throw Fault($"'{token}'");
        at += token.Length;
    }

    // The next character that is no space; NUL at the end, which no token begins with.
    private char Peek()
    {
        while (at < text.Length && text[at] is ' ' or '\t')
            at++;
        return at < text.Length ? text[at] : '\0';
    }

    private readonly RdfFault Fault(string expected)
    {
        var rest = text[at..];
        var shown = rest.IndexOf('\r') is >= 0 and var end ? rest[..end] : rest;
        var found = shown.Length == 0 ? "the end of the line" : $"'{shown[..Math.Min(FoundShown, shown.Length)]}'";
        return new RdfFault(place, $"found {found}; expected {expected}") { IsAtEnd = shown.Length == 0 };
    }
}
