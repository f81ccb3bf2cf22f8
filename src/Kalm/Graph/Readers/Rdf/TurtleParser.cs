namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads Turtle and TriG: directives and graphs, and what is to be done about faults. Statements are handed over as they end.
/// </summary>
/// <param name="input">The file, and what takes its statements.</param>
/// <param name="hasGraphs">Whether statements may stand in named graphs: TriG.</param>
internal sealed class TurtleParser(RdfInput input, bool hasGraphs) : IRdfParser
{
    private RdfText text = null!;
    private TurtleTerms terms = null!;
    private TurtleStatements statements = null!;

    /// <summary>How many directives were read.</summary>
    public int Directives { get; private set; }

    /// <summary>How many graphs were opened.</summary>
    public int Graphs { get; private set; }

    /// <inheritdoc/>
    public void Read()
    {
        using var opened = new RdfText(input);
        text = opened;
        terms = new TurtleTerms(text, input.Base);
        statements = new TurtleStatements(text, terms, input.Sink);
        while (text.SkipSpace() != RdfText.End)
        {
            try
            {
                ReadStatement();
            }
            catch (RdfFault fault)
            {
                PassOver(fault);
                statements.Graph = null;
            }
        }
    }

    private void ReadStatement()
    {
        if (terms.ReadDirective())
        {
            Directives++;
            return;
        }
        if (hasGraphs && ReadGraph())
            return;
        var isList = text.Peek() == '(';
        var subject = statements.ReadSubject(out var isWhole);
        if (hasGraphs && !isList && !isWhole && subject.Term.IsNode && text.SkipSpace() == '{')
        {
            ReadBlock(subject);
            return;
        }
        statements.ReadPredicates(subject, isWhole);
        statements.Expect(".");
    }

    // GRAPH name { … } and { … }; a name alone before the block is read as a subject first.
    private bool ReadGraph()
    {
        if (text.Peek() == '{')
        {
            ReadBlock(null);
            return true;
        }
        if (!terms.IsWord("graph"))
            return false;
        text.Advance("graph".Length);
        var name = text.SkipSpace() == '[' ? statements.ReadAnonymous() : terms.Node("the graph's name");
        if (text.SkipSpace() != '{')
            throw text.Fault("'{' before the graph's statements");
        ReadBlock(name);
        return true;
    }

    private void ReadBlock(StoredTerm? name)
    {
        text.Advance(1);
        Graphs++;
        statements.Graph = name;
        while (text.SkipSpace() != '}')
        {
            try
            {
                var subject = statements.ReadSubject(out var isWhole);
                statements.ReadPredicates(subject, isWhole);
                if (text.SkipSpace() != '}')
                    statements.Expect(".");
            }
            catch (RdfFault fault) when (!fault.IsAtEnd)
            {
                if (PassOver(fault) != '}')
                    continue;
                statements.Graph = null;
                return;
            }
        }
        text.Advance(1);
        statements.Graph = null;
    }

    // A line that ends with a full stop most likely ends the statement, one that ends with a brace the graph.
    private char PassOver(RdfFault fault)
    {
        input.Report(fault);
        statements.Surface();
        char last;
        do
        {
            last = text.SkipLine();
        }
        while (last is not ('.' or '}') && text.Peek() != RdfText.End);
        return last;
    }
}
