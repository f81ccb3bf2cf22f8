namespace Kalm.Graph.Readers.Rdf;

/// <summary>The IRIs that the syntaxes themselves, or what is made of them, rest on.</summary>
internal static class RdfNames
{
    /// <summary>The namespace of RDF.</summary>
    public const string Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

    /// <summary>The namespace of RDF Schema.</summary>
    public const string Rdfs = "http://www.w3.org/2000/01/rdf-schema#";

    /// <summary>The namespace of OWL.</summary>
    public const string Owl = "http://www.w3.org/2002/07/owl#";

    /// <summary>The namespace of XML Schema's datatypes.</summary>
    public const string Xsd = "http://www.w3.org/2001/XMLSchema#";

    /// <summary>The type of a thing.</summary>
    public const string Type = Rdf + "type";

    /// <summary>The first member of a list.</summary>
    public const string First = Rdf + "first";

    /// <summary>The list behind the first member.</summary>
    public const string Rest = Rdf + "rest";

    /// <summary>The empty list.</summary>
    public const string Nil = Rdf + "nil";

    /// <summary>A reified statement.</summary>
    public const string Statement = Rdf + "Statement";

    /// <summary>The subject of a reified statement.</summary>
    public const string Subject = Rdf + "subject";

    /// <summary>The predicate of a reified statement.</summary>
    public const string Predicate = Rdf + "predicate";

    /// <summary>The object of a reified statement.</summary>
    public const string Object = Rdf + "object";

    /// <summary>From a name to the quoted triple it stands for.</summary>
    public const string Reifies = Rdf + "reifies";

    /// <summary>The datatype of markup.</summary>
    public const string XmlLiteral = Rdf + "XMLLiteral";

    /// <summary>The datatype of JSON.</summary>
    public const string JsonLiteral = Rdf + "JSON";

    /// <summary>The datatype of plain texts.</summary>
    public const string String = Xsd + "string";

    /// <summary>The datatype of whole numbers.</summary>
    public const string Integer = Xsd + "integer";

    /// <summary>The datatype of decimal fractions.</summary>
    public const string Decimal = Xsd + "decimal";

    /// <summary>The datatype of floating-point numbers.</summary>
    public const string Double = Xsd + "double";

    /// <summary>The datatype of true and false.</summary>
    public const string Boolean = Xsd + "boolean";
}
