using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>One of RDF's syntaxes.</summary>
/// <param name="Key">What --format calls it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Endings">What its files' names end with.</param>
/// <param name="Open">Makes a parser of it.</param>
internal sealed record RdfFormat(string Key, string Name, string[] Endings, Func<RdfInput, IRdfParser> Open)
{
    private const double MostFaults = 0.5;
    private static readonly RdfFormat NTriples =
        new("ntriples", "N-Triples", [".nt", ".ntriples"], input => new NTriplesParser(input, hasGraphs: false));

    private static readonly RdfFormat NQuads =
        new("nquads", "N-Quads", [".nq", ".nquads"], input => new NTriplesParser(input, hasGraphs: true));

    private static readonly RdfFormat Turtle =
        new("turtle", "Turtle", [".ttl", ".turtle", ".n3"], input => new TurtleParser(input, hasGraphs: false));

    private static readonly RdfFormat TriG = new("trig", "TriG", [".trig"], input => new TurtleParser(input, hasGraphs: true));
    private static readonly RdfFormat RdfXml = new("rdf-xml", "RDF/XML", [".rdf", ".owl", ".rdfs"], input => new RdfXmlParser(input));
    private static readonly RdfFormat JsonLd = new("json-ld", "JSON-LD", [".jsonld"], input => new JsonLdParser(input));
    private static readonly ConditionalWeakTable<GraphFile, Found> Known = new();

    /// <summary>All of them.</summary>
    public static IReadOnlyList<RdfFormat> All { get; } = [NTriples, NQuads, Turtle, TriG, RdfXml, JsonLd];

    /// <summary>Whether a file of another of these is read by this one as well, when it is asked for by name.</summary>
    public bool Includes(RdfFormat other) => this == other || (this == NQuads && other == NTriples)
        || (this == Turtle && other == NTriples) || (this == TriG && (other == NTriples || other == Turtle));

    /// <summary>The format of a file, by its beginning, and by its name only where its beginning tells nothing.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isOther">Whether its bytes are of an encoding that the user names.</param>
    public static Found Of(GraphFile file, bool isOther) => Known.GetValue(file, item => Look(item, isOther ? Encoding.Latin1 : null));

    private static Found Look(GraphFile file, Encoding? encoding)
    {
        var named = All.FirstOrDefault(format => format.Endings.Contains(file.Ending));
        var head = Beginning(file);
        var first = head.TrimStart(" \t\r\n"u8);
        if (first.StartsWith("\uFEFF"u8))
            first = first["\uFEFF"u8.Length..].TrimStart(" \t\r\n"u8);
        if (first.IsEmpty)
            return new Found(named, false);
        if (IsXml(head, out var isRdf))
            return isRdf ? new Found(RdfXml, true) : new Found(named == RdfXml ? named : null, false);
        if (first[0] is (byte)'{' or (byte)'[' && IsJsonLd(first))
            return new Found(JsonLd, true);
        var part = new GraphFile(file.Name, file.Shown, Part(head.ToArray()));
        return (LineFormat(part, encoding, 0) ?? BlockFormat(part, encoding) ?? LineFormat(part, encoding, MostFaults)) is { } told
            ? new Found(named is not null && named.Includes(told) ? named : told, true) : new Found(named, false);
    }

    private static Func<Stream> Part(byte[] bytes) => () => new MemoryStream(bytes, writable: false);

    // Whole lines, where there are any.
    private static ReadOnlySpan<byte> Beginning(GraphFile file)
    {
        var head = file.Head;
        var end = head.LastIndexOf((byte)'\n');
        return head.Length < GraphFile.HeadBytes || end < 0 ? head : head[..(end + 1)];
    }

    private static bool IsXml(ReadOnlySpan<byte> head, out bool isRdf)
    {
        isRdf = false;
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Parse,
            XmlResolver = null,
            MaxCharactersFromEntities = 1 << 20,
        };
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(head.ToArray()), settings);
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element)
                    continue;
                isRdf = reader.IsOwn("RDF");
                return true;
            }
        }
        catch (XmlException)
        {
            // No XML, or its first element is beyond the beginning.
        }
        return false;
    }

    // Whether the outermost objects have one of the keywords that plain JSON has not.
    private static bool IsJsonLd(ReadOnlySpan<byte> head)
    {
        var reader = new Utf8JsonReader(head, isFinalBlock: false,
            new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = 256 }));
        var depth = head[0] == '[' ? 2 : 1;
        try
        {
            while (reader.Read())
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == depth
                    && (reader.ValueTextEquals("@context"u8) || reader.ValueTextEquals("@id"u8) || reader.ValueTextEquals("@graph"u8)))
                    return true;
        }
        catch (JsonException)
        {
            // What stands before the fault has told nothing.
        }
        return false;
    }

    // N-Triples and N-Quads are told by any few lines; some of those may be malformed.
    private static RdfFormat? LineFormat(GraphFile part, Encoding? encoding, double mostFaults)
    {
        var (counter, faults) = (new Counter(), 0);
        var input = new RdfInput(part, counter) { Encoding = encoding, Bad = (_, _) => faults++ };
        return IsRead(new NTriplesParser(input, true)) && counter.Count > 0 && faults <= mostFaults * counter.Count
            ? counter.InGraphs > 0 ? NQuads : NTriples : null;
    }

    // Turtle and TriG may end in the midst of a statement, because the beginning of a file does.
    private static RdfFormat? BlockFormat(GraphFile part, Encoding? encoding)
    {
        var counter = new Counter();
        var parser = new TurtleParser(new RdfInput(part, counter) { Encoding = encoding }, true);
        return IsRead(parser) && counter.Count + parser.Directives > 0 ? parser.Graphs > 0 ? TriG : Turtle : null;
    }

    private static bool IsRead(IRdfParser parser)
    {
        try
        {
            parser.Read();
            return true;
        }
        catch (KalmException problem)
        {
            return problem.InnerException is RdfFault { IsAtEnd: true };
        }
    }

    /// <summary>What a file is.</summary>
    /// <param name="Format">The format; null where it is none of these.</param>
    /// <param name="IsSure">Whether its content says so, and not only its name.</param>
    internal sealed record Found(RdfFormat? Format, bool IsSure);

    private sealed class Counter : IRdfSink
    {
        public int Count { get; private set; }

        public int InGraphs { get; private set; }

        public void Take(in RdfStatement statement)
        {
            Count++;
            if (statement.Graph.Kind != TermKind.None)
                InGraphs++;
        }
    }
}
