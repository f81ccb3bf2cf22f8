using System.Text;
using System.Xml;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Reads RDF/XML element by element.</summary>
/// <param name="input">The file, and what takes its statements.</param>
internal sealed class RdfXmlParser(RdfInput input) : IRdfParser
{
    private const int Deepest = 256;
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private readonly BlankNodes blanks = new();
    private XmlReader reader = null!;
    private int depth;

    private int Line => reader is IXmlLineInfo place && place.HasLineInfo() ? Math.Max(1, place.LineNumber) : 1;

    /// <inheritdoc/>
    public void Read()
    {
        try
        {
            using var opened = RdfXmlSource.Open(input);
            reader = opened;
            ReadDocument();
        }
        catch (XmlException problem)
        {
            // Nothing behind it can be read, so this is never passed over.
            throw input.Fault(Math.Max(1, problem.LineNumber), RdfXmlSource.Words(problem)).Told(problem);
        }
        catch (RdfFault fault)
        {
            input.Report(fault);
        }
        catch (DecoderFallbackException problem)
        {
            throw input.Fault(Line, "bytes that are not of the encoding; expected a text in it").Told(problem);
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw input.File.Damaged(problem);
        }
    }

    private void ReadDocument()
    {
        do
        {
            if (reader.NodeType == XmlNodeType.DocumentType)
                RdfXmlSource.RequireOwnEntities(input, reader.Value, Line);
        }
        while (reader.NodeType != XmlNodeType.Element && reader.Read());
        if (reader.NamespaceURI == RdfNames.Owl && reader.LocalName == "Ontology" && reader.GetAttribute("ontologyIRI") is not null)
            throw Fault("found OWL/XML; expected RDF/XML, in which most programs for ontologies write too");
        if (!reader.IsOwn("RDF"))
        {
            ReadNode(input.Base);
        }
        else if (!reader.IsEmptyElement)
        {
            var attributes = RdfXmlAttributes.Of(reader, input.Base, Fault);
            reader.Read();
            while (ReadNodeOrPassOver(attributes.Base))
                depth = 0;
        }
        while (reader.Read())
            depth = 0;
    }

    // Reads the next node of the document, or passes over it; false at the end.
    private bool ReadNodeOrPassOver(string baseIri)
    {
        try
        {
            if (!MoveToChild())
                return false;
            ReadNode(baseIri);
        }
        catch (RdfFault fault)
        {
            input.Report(fault);
            reader.MoveToElement();
            while (reader.Depth > 1)
                reader.Skip();
            // On its own tag the fault is in the element that is passed over, else the end of that element stands here.
            if (reader.NodeType == XmlNodeType.Element)
                reader.Skip();
            else
                reader.Read();
        }
        return true;
    }

    // Steps into an element, or past it where it is empty; true where it is.
    private bool Enter()
    {
        var isEmpty = reader.IsEmptyElement;
        reader.Read();
        return isEmpty;
    }

    // Steps to the next element within this one; false at its end.
    private bool MoveToChild()
    {
        while (true)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    return true;
                case XmlNodeType.EndElement or XmlNodeType.None:
                    return false;
                case XmlNodeType.Text or XmlNodeType.CDATA when !string.IsNullOrWhiteSpace(reader.Value):
                    throw Fault($"found the text '{RdfXmlSource.Shortened(reader.Value)}'; expected an element");
            }
            reader.Read();
        }
    }

    private StoredTerm ReadNode(string baseIri)
    {
        Deepen();
        if (reader.NamespaceURI.Length == 0)
            throw Fault($"found the element '{reader.LocalName}' without a namespace; expected one with a prefix");
        if (reader.IsOwn("RDF", "li") || reader.IsAttributeName())
            throw Fault($"found the element rdf:{reader.LocalName} as a node; expected rdf:Description or a type");
        var attributes = RdfXmlAttributes.Of(reader, baseIri, Fault);
        if ((attributes.Resource ?? attributes.ParseType ?? attributes.Datatype) is not null)
            throw Fault("found rdf:resource, rdf:parseType or rdf:datatype on a node; expected them on a property");
        var subject = SubjectOf(attributes);
        if (!reader.IsOwn("Description"))
            Take(subject, RdfNames.Type, StoredTerm.Iri(reader.NamespaceURI + reader.LocalName));
        TakeProperties(subject, attributes);
        ReadProperties(subject, attributes.Base);
        depth--;
        return subject;
    }

    private StoredTerm SubjectOf(RdfXmlAttributes attributes) => (attributes.Id, attributes.About, attributes.NodeId) switch
    {
        (null, null, null) => blanks.Next(),
        ({ } id, null, null) => StoredTerm.Iri(OnlyId(id, attributes.Base)),
        (null, { } about, null) => StoredTerm.Iri(IriReference.Resolve(attributes.Base, about)),
        (null, null, { } label) => StoredTerm.Blank(label),
        _ => throw Fault("found more than one of rdf:about, rdf:ID and rdf:nodeID; expected one"),
    };

    private string OnlyId(string id, string baseIri)
    {
        var iri = IriReference.Resolve(baseIri, "#" + id);
        return ids.Add(iri) ? iri : throw Fault($"found rdf:ID=\"{id}\" again; expected an ID once");
    }

    private void TakeProperties(StoredTerm subject, RdfXmlAttributes attributes)
    {
        foreach (var (predicate, value) in attributes.Properties)
            Take(subject, predicate, predicate == RdfNames.Type
                ? StoredTerm.Iri(IriReference.Resolve(attributes.Base, value)) : StoredTerm.Literal(value, language: reader.XmlLang));
    }

    // The properties within the element; the reader stands behind its end afterwards.
    private void ReadProperties(StoredTerm subject, string baseIri)
    {
        if (Enter())
            return;
        var members = 0;
        while (MoveToChild())
            ReadProperty(subject, baseIri, ref members);
        reader.Read();
    }

    private void ReadProperty(StoredTerm subject, string baseIri, ref int members)
    {
        Deepen();
        if (reader.NamespaceURI.Length == 0)
            throw Fault($"found the element '{reader.LocalName}' without a namespace; expected one with a prefix");
        if (reader.IsOwn("RDF", "Description") || reader.IsAttributeName())
            throw Fault($"found the element rdf:{reader.LocalName} as a property; expected a property");
        var predicate = reader.IsOwn("li") ? $"{RdfNames.Rdf}_{++members}" : reader.NamespaceURI + reader.LocalName;
        var attributes = RdfXmlAttributes.Of(reader, baseIri, Fault);
        var name = attributes.Id is { } id ? OnlyId(id, attributes.Base) : null;
        var value = ReadValue(attributes, subject, predicate);
        depth--;
        if (name is not null)
            TakeStatement(StoredTerm.Iri(name), subject, predicate, value);
    }

    // The property's object; the reader stands behind the property afterwards.
    private StoredTerm ReadValue(RdfXmlAttributes attributes, StoredTerm subject, string predicate)
    {
        if (attributes.About is not null || attributes is { Resource: not null, NodeId: not null })
            throw Fault("found rdf:about, or both rdf:resource and rdf:nodeID, on a property; expected one of the latter");
        var isReference = attributes.Resource is not null || attributes.NodeId is not null || attributes.Properties.Count > 0;
        if (attributes.Datatype is not null && (isReference || attributes.ParseType is not null))
            throw Fault("found rdf:datatype beside what makes the property no plain literal; expected one or the other");
        if (attributes.ParseType is { } kind)
        {
            if (isReference)
                throw Fault($"found rdf:parseType=\"{RdfXmlSource.Shortened(kind)}\" beside another value; expected one or the other");
            return kind == "Collection" ? ReadCollection(attributes, subject, predicate) : ReadParsed(kind, attributes, subject, predicate);
        }
        if (!isReference)
            return ReadContent(attributes, subject, predicate);
        var value = attributes.Resource is { } reference ? StoredTerm.Iri(IriReference.Resolve(attributes.Base, reference))
            : attributes.NodeId is { } label ? StoredTerm.Blank(label) : blanks.Next();
        Take(subject, predicate, value);
        TakeProperties(value, attributes);
        if (Enter())
            return value;
        if (MoveToChild())
            throw Fault($"found the element '{reader.Name}' in a property whose value stands in attributes; expected its end");
        reader.Read();
        return value;
    }

    private StoredTerm ReadParsed(string kind, RdfXmlAttributes attributes, StoredTerm subject, string predicate)
    {
        var value = kind == "Resource" ? blanks.Next() : StoredTerm.Literal(RdfXmlLiteral.Read(reader), RdfNames.XmlLiteral);
        Take(subject, predicate, value);
        if (kind == "Resource")
            ReadProperties(value, attributes.Base);
        return value;
    }

    private StoredTerm ReadCollection(RdfXmlAttributes attributes, StoredTerm subject, string predicate)
    {
        StoredTerm? first = null, last = null;
        var isEmpty = Enter();
        while (!isEmpty && MoveToChild())
        {
            var member = ReadNode(attributes.Base);
            var node = blanks.Next();
            if (last is not null)
                Take(last, RdfNames.Rest, node);
            Take(node, RdfNames.First, member);
            first ??= node;
            last = node;
        }
        if (!isEmpty)
            reader.Read();
        var nil = StoredTerm.Iri(RdfNames.Nil);
        if (last is not null)
            Take(last, RdfNames.Rest, nil);
        Take(subject, predicate, first ?? nil);
        return first ?? nil;
    }

    private StoredTerm ReadContent(RdfXmlAttributes attributes, StoredTerm subject, string predicate)
    {
        var language = reader.XmlLang;
        StoredTerm? node = null;
        var text = new StringBuilder();
        var isEmpty = Enter();
        while (!isEmpty && reader.NodeType != XmlNodeType.EndElement)
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                if (node is not null || !string.IsNullOrWhiteSpace(text.ToString()) || attributes.Datatype is not null)
                    throw Fault($"found the element '{reader.Name}'; expected one node or one text, or rdf:parseType=\"Literal\"");
                node = ReadNode(attributes.Base);
                continue;
            }
            if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
            {
                if (node is null)
                    text.Append(reader.Value);
                else if (!string.IsNullOrWhiteSpace(reader.Value))
                    throw Fault($"found the text '{RdfXmlSource.Shortened(reader.Value)}' behind a node; expected the property's end");
            }
            reader.Read();
        }
        if (!isEmpty)
            reader.Read();
        var value = node ?? (attributes.Datatype is { } datatype
            ? StoredTerm.Literal(text.ToString(), IriReference.Resolve(attributes.Base, datatype))
            : StoredTerm.Literal(text.ToString(), language: language));
        Take(subject, predicate, value);
        return value;
    }

    private void Deepen()
    {
        if (++depth > Deepest)
            throw Fault($"found elements within each other deeper than {Deepest}; expected fewer");
    }

    private RdfFault Fault(string problem) => input.Fault(Line, problem);

    private void TakeStatement(StoredTerm statement, StoredTerm subject, string predicate, StoredTerm value)
    {
        Take(statement, RdfNames.Type, StoredTerm.Iri(RdfNames.Statement));
        Take(statement, RdfNames.Subject, subject);
        Take(statement, RdfNames.Predicate, StoredTerm.Iri(predicate));
        Take(statement, RdfNames.Object, value);
    }

    private void Take(StoredTerm subject, string predicate, StoredTerm value) =>
        input.Sink.Take(new RdfStatement(subject.Term, predicate, value.Term, default, Line));
}
