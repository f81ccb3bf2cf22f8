using System.Text;
using System.Xml;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Writes the content of an element as the text of an XML literal: its exclusive canonical form, with comments.</summary>
internal sealed class RdfXmlLiteral
{
    private const string Xml = "http://www.w3.org/XML/1998/namespace";
    private const string XmlNames = "http://www.w3.org/2000/xmlns/";
    private readonly StringBuilder made = new();

    // The namespaces that the elements around a place have declared in the literal, innermost last.
    private readonly Stack<(string Name, Dictionary<string, string> Declared)> open = [];

    /// <summary>The content of the element that a reader stands on; the reader stands behind its end afterwards.</summary>
    public static string Read(XmlReader reader)
    {
        if (reader.IsEmptyElement)
        {
            reader.Read();
            return "";
        }
        var literal = new RdfXmlLiteral();
        var depth = reader.Depth;
        reader.Read();
        while (reader.Depth > depth)
        {
            literal.Write(reader);
            reader.Read();
        }
        reader.Read();
        return literal.made.ToString();
    }

    private void Write(XmlReader reader)
    {
        switch (reader.NodeType)
        {
            case XmlNodeType.Element:
                Open(reader);
                break;
            case XmlNodeType.EndElement:
                made.Append("</").Append(open.Pop().Name).Append('>');
                break;
            case XmlNodeType.Comment:
                made.Append("<!--").Append(reader.Value).Append("-->");
                break;
            case XmlNodeType.ProcessingInstruction:
                made.Append("<?").Append(reader.Name).Append(reader.Value.Length > 0 ? " " : "").Append(reader.Value).Append("?>");
                break;
            case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                Escape(reader.Value, isAttribute: false);
                break;
        }
    }

    private void Open(XmlReader reader)
    {
        var name = reader.Name;
        var isEmpty = reader.IsEmptyElement;
        var used = new SortedDictionary<string, string>(StringComparer.Ordinal) { [reader.Prefix] = reader.NamespaceURI };
        var attributes = new List<(string Space, string Local, string Name, string Value)>();
        while (reader.MoveToNextAttribute())
        {
            if (reader.NamespaceURI == XmlNames)
                continue;
            attributes.Add((reader.NamespaceURI, reader.LocalName, reader.Name, reader.Value));
            if (reader.Prefix.Length > 0)
                used[reader.Prefix] = reader.NamespaceURI;
        }
        reader.MoveToElement();
        made.Append('<').Append(name);
        var around = open.Count > 0 ? open.Peek().Declared : [];
        var declared = around;
        foreach (var (prefix, space) in used)
        {
            if (space == Xml || around.GetValueOrDefault(prefix, "") == space)
                continue;
            if (declared == around)
                declared = new Dictionary<string, string>(around, StringComparer.Ordinal);
            declared[prefix] = space;
            made.Append(prefix.Length > 0 ? " xmlns:" : " xmlns").Append(prefix).Append("=\"");
            Escape(space, isAttribute: true);
            made.Append('"');
        }
        foreach (var attribute in attributes.OrderBy(item => item.Space, StringComparer.Ordinal)
            .ThenBy(item => item.Local, StringComparer.Ordinal))
        {
            made.Append(' ').Append(attribute.Name).Append("=\"");
            Escape(attribute.Value, isAttribute: true);
            made.Append('"');
        }
        made.Append('>');
        if (isEmpty)
            made.Append("</").Append(name).Append('>');
        else
            open.Push((name, declared));
    }

    private void Escape(string text, bool isAttribute)
    {
        foreach (var character in text)
            _ = character switch
            {
                '&' => made.Append("&amp;"),
                '<' => made.Append("&lt;"),
                '>' when !isAttribute => made.Append("&gt;"),
                '"' when isAttribute => made.Append("&quot;"),
                '\t' when isAttribute => made.Append("&#x9;"),
                '\n' when isAttribute => made.Append("&#xA;"),
                '\r' => made.Append("&#xD;"),
                _ => made.Append(character),
            };
    }
}
