using System.Xml;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>The attributes of an element, told apart as RDF/XML does.</summary>
internal sealed class RdfXmlAttributes
{
    private const string Xml = "http://www.w3.org/XML/1998/namespace";
    private const string XmlNames = "http://www.w3.org/2000/xmlns/";
    private readonly List<(string Predicate, string Value)> properties = [];

    private RdfXmlAttributes(string baseIri) => Base = baseIri;

    /// <summary>rdf:ID.</summary>
    public string? Id { get; private set; }

    /// <summary>rdf:about.</summary>
    public string? About { get; private set; }

    /// <summary>rdf:nodeID.</summary>
    public string? NodeId { get; private set; }

    /// <summary>rdf:resource.</summary>
    public string? Resource { get; private set; }

    /// <summary>rdf:parseType.</summary>
    public string? ParseType { get; private set; }

    /// <summary>rdf:datatype.</summary>
    public string? Datatype { get; private set; }

    /// <summary>What relative IRIs in the element are resolved against.</summary>
    public string Base { get; private set; }

    /// <summary>The attributes that are statements.</summary>
    public IReadOnlyList<(string Predicate, string Value)> Properties => properties;

    /// <summary>Reads those of the element that a reader stands on.</summary>
    /// <param name="reader">The reader; it stands on the element again afterwards.</param>
    /// <param name="baseIri">The base around the element.</param>
    /// <param name="fault">Makes a fault of what is wrong.</param>
    public static RdfXmlAttributes Of(XmlReader reader, string baseIri, Func<string, RdfFault> fault)
    {
        var found = new RdfXmlAttributes(baseIri);
        if (reader.MoveToFirstAttribute())
        {
            do
            {
                found.Add(reader, fault);
            }
            while (reader.MoveToNextAttribute());
            reader.MoveToElement();
        }
        return found;
    }

    private void Add(XmlReader reader, Func<string, RdfFault> fault)
    {
        var (space, name, value) = (reader.NamespaceURI, reader.LocalName, reader.Value);
        if (space == XmlNames)
            return;
        if (space == Xml)
        {
            if (name == "base")
                Base = IriReference.WithoutFragment(IriReference.Resolve(Base, value));
            return;
        }
        // Before 2004 some of RDF's own attributes stood without a prefix.
        if (space == RdfNames.Rdf || (space.Length == 0 && name is "ID" or "about" or "resource" or "parseType" or "type"))
        {
            AddOwn(name, value, fault);
            return;
        }
        if (space.Length > 0)
            properties.Add((space + name, value));
        else if (!name.StartsWith("xml", StringComparison.OrdinalIgnoreCase))
            throw fault($"found the attribute '{name}' without a namespace; expected one with a prefix");
    }

    private void AddOwn(string name, string value, Func<string, RdfFault> fault)
    {
        switch (name)
        {
            case "ID":
                Id = Name(name, value, fault);
                break;
            case "nodeID":
                NodeId = Name(name, value, fault);
                break;
            case "about":
                About = value;
                break;
            case "resource":
                Resource = value;
                break;
            case "parseType":
                ParseType = value;
                break;
            case "datatype":
                Datatype = value;
                break;
            case "li" or "Description" or "RDF" or "aboutEach" or "aboutEachPrefix" or "bagID":
                throw fault($"found the attribute rdf:{name}; expected a property, or rdf:about, rdf:ID, rdf:nodeID, rdf:resource");
            default:
                properties.Add((RdfNames.Rdf + name, value));
                break;
        }
    }

    private static string Name(string attribute, string value, Func<string, RdfFault> fault) =>
        XmlReader.IsName(value) && !value.Contains(':', StringComparison.Ordinal) ? value
            : throw fault($"found rdf:{attribute}=\"{value}\"; expected an XML name without a colon");
}
