namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads the statements of Turtle and TriG: subjects with their predicates and objects, nodes and lists within them, quoted
/// triples, annotations and reifiers.</summary>
/// <param name="text">The text.</param>
/// <param name="terms">Reads its terms.</param>
/// <param name="sink">Takes the statements.</param>
internal sealed class TurtleStatements(RdfText text, TurtleTerms terms, IRdfSink sink)
{
    private const int Deepest = 256;
    private readonly BlankNodes blanks = new();
    private int depth;

    /// <summary>The graph that statements are in; null for the default graph.</summary>
    public StoredTerm? Graph { get; set; }

    /// <summary>Forgets the nodes that a fault was within.</summary>
    public void Surface() => depth = 0;

    /// <summary>Reads a subject.</summary>
    /// <param name="isWhole">Whether it states something by itself, so that it needs no predicate.</param>
    public StoredTerm ReadSubject(out bool isWhole)
    {
        isWhole = false;
        switch (text.SkipSpace())
        {
            case '[':
                return ReadBlankNode(out isWhole);
            case '(':
                return ReadList();
            case '<' when text.Peek(1) == '<':
                var quoted = ReadQuoted();
                isWhole = quoted.Kind != TermKind.Triple;
                return quoted;
            default:
                return terms.Node("a subject: an IRI, a blank node, a list or a quoted triple");
        }
    }

    /// <summary>Reads predicates, each with its objects.</summary>
    /// <param name="subject">Their subject.</param>
    /// <param name="mayBeNone">Whether there need be none.</param>
    public void ReadPredicates(StoredTerm subject, bool mayBeNone)
    {
        if (mayBeNone && IsEnd(text.SkipSpace()))
            return;
        while (true)
        {
            ReadObjects(subject, ReadPredicate());
            if (text.SkipSpace() != ';')
                return;
            while (text.SkipSpace() == ';')
                text.Advance(1);
            if (IsEnd(text.Peek()))
                return;
        }
    }

    private static bool IsEnd(int next) => next is '.' or ']' or '}' or '|' or RdfText.End;

    private string ReadPredicate()
    {
        if (text.SkipSpace() == 'a' && terms.IsWord("a"))
        {
            text.Advance(1);
            return RdfNames.Type;
        }
        return terms.Iri("a predicate: an IRI or 'a'");
    }

    private void ReadObjects(StoredTerm subject, string predicate)
    {
        while (true)
        {
            var value = ReadObject();
            Take(subject, predicate, value);
            ReadAnnotations(subject, predicate, value);
            if (text.SkipSpace() != ',')
                return;
            text.Advance(1);
        }
    }

    private StoredTerm ReadObject()
    {
        switch (text.SkipSpace())
        {
            case '[':
                return ReadBlankNode(out _);
            case '(':
                return ReadList();
            case '<' when text.Peek(1) == '<':
                return ReadQuoted();
            default:
                return ReadSimple();
        }
    }

    // An object of one token.
    private StoredTerm ReadSimple()
    {
        switch (text.Peek())
        {
            case '"' or '\'':
                return terms.Literal();
            case '+' or '-' or '.' or (>= '0' and <= '9'):
                return terms.Number() ?? throw text.Fault("an object");
            case 't' or 'f' when terms.Boolean() is { } literal:
                return literal;
            default:
                return terms.Node("an object: an IRI, a blank node, a literal, a list or a quoted triple");
        }
    }

    // s p o ~ name {| p o |}: the annotation is about the triple, or about what is named as it.
    private void ReadAnnotations(StoredTerm subject, string predicate, StoredTerm value)
    {
        StoredTerm? reifier = null;
        while (true)
        {
            var next = text.SkipSpace();
            if (next == '~')
            {
                reifier = ReadReifier(StoredTerm.Quoted(subject, StoredTerm.Iri(predicate), value));
            }
            else if (next == '{' && text.Peek(1) == '|')
            {
                Deepen();
                text.Advance(2);
                ReadPredicates(reifier ?? StoredTerm.Quoted(subject, StoredTerm.Iri(predicate), value), mayBeNone: false);
                Expect("|}");
                depth--;
                reifier = null;
            }
            else
            {
                return;
            }
        }
    }

    private StoredTerm ReadReifier(StoredTerm triple)
    {
        text.Advance(1);
        var next = text.SkipSpace();
        var name = next == '[' ? ReadAnonymous()
            : next is '<' or ':' or '_' or > 0x7F || char.IsAsciiLetter((char)next) ? terms.Node("a reifier: an IRI or a blank node")
            : blanks.Next();
        Take(name, RdfNames.Reifies, triple);
        return name;
    }

    // << s p o >> and << s p o ~ name >>; <<( s p o )>> as RDF 1.2 writes triples.
    private StoredTerm ReadQuoted()
    {
        Deepen();
        text.Advance(2);
        var isTerm = text.Peek() == '(';
        if (isTerm)
            text.Advance(1);
        var subject = ReadPart(() => terms.Node("a subject: an IRI, a blank node or a quoted triple"));
        var predicate = ReadPredicate();
        text.SkipSpace();
        var value = ReadPart(ReadSimple);
        var quoted = StoredTerm.Quoted(subject, StoredTerm.Iri(predicate), value);
        if (!isTerm && text.SkipSpace() == '~')
            quoted = ReadReifier(quoted);
        Expect(isTerm ? ")>>" : ">>");
        depth--;
        return quoted;
    }

    private StoredTerm ReadPart(Func<StoredTerm> read) => text.SkipSpace() == '[' ? ReadAnonymous()
        : text.Peek() == '<' && text.Peek(1) == '<' ? ReadQuoted() : read();

    /// <summary>Reads [].</summary>
    public StoredTerm ReadAnonymous()
    {
        text.Advance(1);
        Expect("]");
        return blanks.Next();
    }

    private StoredTerm ReadBlankNode(out bool hasPredicates)
    {
        Deepen();
        text.Advance(1);
        var node = blanks.Next();
        hasPredicates = text.SkipSpace() != ']';
        if (hasPredicates)
            ReadPredicates(node, mayBeNone: false);
        Expect("]");
        depth--;
        return node;
    }

    private StoredTerm ReadList()
    {
        Deepen();
        text.Advance(1);
        StoredTerm? first = null, last = null;
        while (text.SkipSpace() != ')')
        {
            var value = ReadObject();
            var node = blanks.Next();
            if (last is not null)
                Take(last, RdfNames.Rest, node);
            Take(node, RdfNames.First, value);
            first ??= node;
            last = node;
        }
        text.Advance(1);
        depth--;
        if (last is not null)
            Take(last, RdfNames.Rest, StoredTerm.Iri(RdfNames.Nil));
        return first ?? StoredTerm.Iri(RdfNames.Nil);
    }

    private void Deepen()
    {
        if (++depth > Deepest)
            throw text.Fault($"nodes within each other no deeper than {Deepest}");
    }

    /// <summary>Steps over a token that must stand here.</summary>
    public void Expect(string token)
    {
        text.SkipSpace();
        if (!text.Has(token))
            throw text.Fault($"'{token}'");
        text.Advance(token.Length);
    }

    private void Take(StoredTerm subject, string predicate, StoredTerm value) => sink.Take(new RdfStatement(
        subject.Term, predicate, value.Term, Graph is null ? default : Graph.Term, text.Line));
}

/// <summary>Makes blank nodes that no label of a file is.</summary>
internal sealed class BlankNodes
{
    private int made;

    /// <summary>The next blank node.</summary>
    public StoredTerm Next() => StoredTerm.Blank($"#{++made}");
}
