using System.Text.RegularExpressions;
using System.Xml;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Opens RDF/XML: nothing outside the file is read, and its entities cannot make more of it than a few times its size.</summary>
internal static partial class RdfXmlSource
{
    private const long LeastEntityCharacters = 10_000_000;
    private const int EntityCharactersPerByte = 16;

    /// <summary>Opens a file.</summary>
    public static XmlReader Open(RdfInput input)
    {
        var settings = new XmlReaderSettings
        {
            CloseInput = true,
            DtdProcessing = DtdProcessing.Parse,
            XmlResolver = null,
            MaxCharactersFromEntities = MostEntityCharacters(input.File),
        };
        var stream = input.File.Open();
        return input.Encoding is { } encoding
            ? XmlReader.Create(new StreamReader(stream, encoding), settings) : XmlReader.Create(stream, settings);
    }

    /// <summary>Fails when a document type declares entities that lie elsewhere.</summary>
    /// <param name="input">The file.</param>
    /// <param name="declaration">What the document type declares.</param>
    /// <param name="line">Where it stands.</param>
    public static void RequireOwnEntities(RdfInput input, string declaration, int line)
    {
        if (ForeignEntity().Match(declaration) is { Success: true } match)
            throw input.Fault(line, $"entity '{match.Groups["name"].Value}' lies outside the file, where nothing is read; "
                + "expected entities with their text");
    }

    /// <summary>What is wrong with a document, in words, without the place.</summary>
    public static string Words(XmlException problem)
    {
        var message = problem.Message;
        var place = message.LastIndexOf(" Line ", StringComparison.Ordinal);
        return $"found no well-formed XML: {(place > 0 ? message[..place] : message).TrimEnd('.')}; expected RDF/XML";
    }

    /// <summary>Whether a reader stands on one of RDF's own elements.</summary>
    public static bool IsOwn(this XmlReader reader, params ReadOnlySpan<string> names) =>
        reader.NamespaceURI == RdfNames.Rdf && names.Contains(reader.LocalName);

    /// <summary>Whether a reader stands on an element of a name that RDF has for attributes only, some of them no longer.</summary>
    public static bool IsAttributeName(this XmlReader reader) => reader.IsOwn(
        "ID", "about", "bagID", "parseType", "resource", "nodeID", "datatype", "aboutEach", "aboutEachPrefix");

    /// <summary>The beginning of a text, for a message.</summary>
    public static string Shortened(string text) => text.Trim() is { Length: > 24 } full ? full[..24] + "…" : text.Trim();

    // Many files abbreviate namespaces by entities, so the bound grows with the file. Only those that declare any are measured.
    private static long MostEntityCharacters(GraphFile file)
    {
        if (file.Head.IndexOf("<!ENTITY"u8) < 0)
            return LeastEntityCharacters;
        if (file.PathOnDisk is { } path)
            return Math.Max(LeastEntityCharacters, EntityCharactersPerByte * new FileInfo(path).Length);
        var length = 0L;
        var portion = new byte[1 << 16];
        using var stream = file.Open();
        try
        {
            while (stream.Read(portion) is > 0 and var read)
                length += read;
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw file.Damaged(problem);
        }
        return Math.Max(LeastEntityCharacters, EntityCharactersPerByte * length);
    }

    [GeneratedRegex(@"<!ENTITY\s+(%\s+)?(?<name>\S+)\s+(SYSTEM|PUBLIC)\s", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ForeignEntity();
}
