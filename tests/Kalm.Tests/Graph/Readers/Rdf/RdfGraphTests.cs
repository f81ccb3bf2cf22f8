using System.IO.Compression;
using System.Text;
using Kalm.Graph;
using Kalm.Graph.Readers;
using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>What is made of statements: facts, attributes, names, descriptions, types.</summary>
public sealed class RdfGraphTests : IDisposable
{
    private const string Prefixes = """
        @prefix : <http://e/> .
        @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix owl: <http://www.w3.org/2002/07/owl#> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        @prefix schema: <https://schema.org/> .
        @prefix foaf: <http://xmlns.com/foaf/0.1/> .
        @prefix dct: <http://purl.org/dc/terms/> .
        @prefix dbo: <http://dbpedia.org/ontology/> .

        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("labelled.nt", "N-Triples")]
    [InlineData("labelled.nq", "N-Quads")]
    [InlineData("labelled.ttl", "Turtle")]
    [InlineData("labelled.trig", "TriG")]
    [InlineData("labelled.rdf", "RDF/XML")]
    [InlineData("labelled.jsonld", "JSON-LD")]
    [InlineData("g.nt", "N-Triples")]
    [InlineData("g.ttl", "Turtle")]
    public void Graphs_as_other_programs_write_them_are_read(string name, string format)
    {
        var path = DataFolder.Require(Path.Combine("..", "cases", "graphs", name));
        // By the content as well, without a name that tells anything, and compressed.
        foreach (var file in new[] { path, Copy(path, "graph.txt"), Copy(path, "graph"), Compressed(path, "graph.dat.gz") })
        {
            var graph = KnowledgeGraph.Load(file);
            Assert.Equal(format, graph.Format);
            People.AssertRead(graph);
            Assert.Empty(graph.Warnings);
            var ann = graph.Entities[graph.EntityIndex("http://example.org/Person_0")];
            Assert.Equal("Person 0", ann.Name);
            if (!name.StartsWith("labelled", StringComparison.Ordinal))
                continue;
            Assert.Equal([new GraphAttribute("age", "20")], ann.Attributes);
            Assert.Equal(["Person"], ann.Types);
            Assert.Equal(name is "labelled.nq" or "labelled.trig" ? [new GraphAttribute("graph", "http://example.org/g")] : [],
                graph.FactAttributes.Of(graph.Train[0]));
        }
    }

    [Fact]
    public void Names_and_descriptions_are_those_of_the_language_asked_for()
    {
        const string Text = """
            :a :knows :b , :c , :d .
            :a rdfs:label "Anna"@it , "Ann"@en , "An"@nl ; rdfs:comment "a\n  short one"@en ; dbo:abstract "A long one."@en .
            :b skos:prefLabel "Bertha"@de , "Bert" ; skos:definition "ein Töpfer"@de , "a potter"@en-GB .
            :c foaf:name "Cay"@it ; schema:name "Cay Dee"@it ; dct:description "una vasaia"@it .
            """;
        Assert.Equal([("Ann", "A long one."), ("Bert", "a potter"), ("Cay Dee", "una vasaia"), ("d", "d")], Words(new GraphOptions()));
        Assert.Equal([("Ann", "A long one."), ("Bertha", "ein Töpfer"), ("Cay Dee", "una vasaia"), ("d", "d")],
            Words(new GraphOptions { Language = "de" }));
        Assert.Equal(("Anna", "A long one."), Words(new GraphOptions { Language = "it" })[0]);

        (string, string)[] Words(GraphOptions options) =>
            [.. Load("g.ttl", Prefixes + Text, options).Entities.Select(entity => (entity.Name, entity.Description))];
    }

    [Fact]
    public void Predicates_have_their_labels_inverses_and_symmetry()
    {
        var graph = Load("g.ttl", Prefixes + """
            :a :P1 :b ; :P2 "5" ; :isPartOf :c ; :near :b .
            :P1 rdfs:label "employs"@en , "emploie"@fr ; owl:inverseOf :P3 .
            :P2 a owl:DatatypeProperty ; rdfs:label "number of rooms" .
            :P3 rdfs:label "works for" .
            :near a owl:SymmetricProperty .
            """);
        Assert.Equal(
            [("employs", "works for"), ("is part of", "inverse of is part of"), ("near", "near")],
            graph.Relations.Select(relation => (relation.Text, relation.InverseText)));
        Assert.Equal([new GraphAttribute("number of rooms", "5")], graph.Entities[graph.EntityIndex("http://e/a")].Attributes);
        Assert.Equal(["http://e/a", "http://e/b", "http://e/c"], graph.Entities.Select(entity => entity.Id));
    }

    [Fact]
    public void Predicates_of_Wikidata_have_the_words_of_their_properties()
    {
        var graph = Load("g.nt", """
            <http://www.wikidata.org/entity/Q1> <http://www.wikidata.org/prop/direct/P31> <http://www.wikidata.org/entity/Q2> .
            <http://www.wikidata.org/entity/Q1> <http://www.wikidata.org/prop/direct/P569> "1952" .
            <http://www.wikidata.org/entity/P31> <http://wikiba.se/ontology#directClaim> <http://www.wikidata.org/prop/direct/P31> .
            <http://www.wikidata.org/entity/P31> <http://www.w3.org/2000/01/rdf-schema#label> "instance of"@en .
            <http://www.wikidata.org/entity/P569> <http://wikiba.se/ontology#directClaim> <http://www.wikidata.org/prop/direct/P569> .
            <http://www.wikidata.org/entity/P569> <http://www.w3.org/2000/01/rdf-schema#label> "date of birth"@en .
            """);
        Assert.Equal(["instance of"], graph.Relations.Select(relation => relation.Text));
        Assert.Equal([new GraphAttribute("date of birth", "1952")], graph.Entities[0].Attributes);
        Assert.Equal(["Q1", "Q2"], graph.Entities.Select(entity => entity.Name));
    }

    [Fact]
    public void Types_are_no_entities_and_are_called_by_their_labels()
    {
        var graph = Load("g.ttl", Prefixes + """
            :a a :Q5 , :BigCity , owl:NamedIndividual ; :knows [ a :Q5 ] .
            :Q5 rdfs:label "human" ; rdfs:comment "of the kind" .
            """);
        Assert.Equal(["human", "BigCity"], graph.Entities[0].Types);
        Assert.Equal(["a", "human"], graph.Entities.Select(entity => entity.Name));
        Assert.Single(graph.Train);
    }

    [Fact]
    public void An_ontology_beside_data_is_no_part_of_the_graph_and_files_of_a_folder_are_one()
    {
        folder.Write("rdf/ontology.owl", """
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
              xmlns:owl="http://www.w3.org/2002/07/owl#" xml:base="http://e/">
              <owl:Ontology rdf:about="http://e/"><rdfs:label>ours</rdfs:label><owl:imports rdf:resource="http://f/"/></owl:Ontology>
              <owl:Class rdf:about="Person"><rdfs:label>person</rdfs:label><rdfs:subClassOf rdf:resource="Agent"/>
                <rdfs:subClassOf><owl:Restriction><owl:onProperty rdf:resource="knows"/><owl:someValuesFrom rdf:resource="Person"/>
                </owl:Restriction></rdfs:subClassOf></owl:Class>
              <owl:ObjectProperty rdf:about="knows"><rdfs:label>is acquainted with</rdfs:label><rdfs:domain rdf:resource="Person"/>
                <rdfs:range rdf:resource="Person"/></owl:ObjectProperty>
            </rdf:RDF>
            """);
        folder.Write("rdf/data.nt", "<http://e/a> <http://e/knows> <http://e/b> .\n_:x <http://e/knows> <http://e/a> .\n"
            + "<http://e/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/Person> .\n");
        folder.Write("rdf/more/labels.ttl", Prefixes + ":a rdfs:label \"Ann\" . _:x rdfs:label \"of another file\" ; :knows :a .");
        folder.Write("rdf/README", "about them");
        var graph = KnowledgeGraph.Load(folder.File("rdf"));
        Assert.Equal(["Ann", "b", "x", "of another file"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal(["person"], graph.Entities[0].Types);
        Assert.Equal(["is acquainted with"], graph.Relations.Select(relation => relation.Text));
        Assert.Equal(3, graph.Train.Count);
        Assert.Equal(["README"], graph.Reading.Unread.Select(file => file.File));
        Assert.Contains(new ColumnUse("data.nt", "http://e/knows", "relation 'is acquainted with'"), graph.Reading.Columns);
        Assert.Contains(graph.Reading.Columns, use => use is { Column: "classes and properties" }
            && use.TakenFor.StartsWith("words of types and relations", StringComparison.Ordinal));
    }

    [Fact]
    public void An_ontology_alone_is_a_graph_of_its_classes()
    {
        var graph = Load("g.ttl", Prefixes + """
            :Cell a owl:Class ; rdfs:label "cell" ; :code "C1" .
            :Nucleus a owl:Class ; rdfs:label "nucleus" ; rdfs:comment "the core of a cell" ;
              rdfs:subClassOf :Organelle , [ a owl:Restriction ; owl:onProperty :partOf ; owl:someValuesFrom :Cell ] .
            :Organelle rdfs:subClassOf owl:Thing .
            :partOf a owl:ObjectProperty ; rdfs:label "part of" .
            """);
        Assert.Equal([("nucleus", "sub class of", "Organelle"), ("nucleus", "part of", "cell"), ("Organelle", "sub class of", "Thing")],
            Facts(graph));
        Assert.Equal([new GraphAttribute("code", "C1")], graph.Entities[graph.EntityIndex("http://e/Cell")].Attributes);
        Assert.Equal("the core of a cell", graph.Entities[graph.EntityIndex("http://e/Nucleus")].Description);
    }

    [Fact]
    public void A_list_is_a_fact_for_each_of_its_members()
    {
        var graph = Load("g.ttl", Prefixes + """
            :a :likes ( :b "tea" ( :c ) :b ) ; :owns () ; :has [ a rdf:Bag ; rdf:_2 :e ; rdf:_1 :d ] .
            ( :f :g ) :know :a .
            """);
        Assert.Equal([("a", "likes", "b"), ("a", "likes", "c"), ("a", "has", "d"), ("a", "has", "e"), ("f", "know", "a"),
            ("g", "know", "a")], Facts(graph));
        Assert.Equal([new GraphAttribute("likes", "tea")], graph.Entities[0].Attributes);
        Assert.Equal(7, graph.Entities.Count);
    }

    [Theory]
    [InlineData("g.ttl", ":a :knows :b {| :since 1990 ; :source :book |} . :a :knows :c .")]
    [InlineData("g.ttl", "<< :a :knows :b >> :since 1990 ; :source :book . :a :knows :b , :c .")]
    [InlineData("g.ttl", ":a :knows :b ~ :r . :r :since 1990 ; :source :book . :a :knows :c .")]
    [InlineData("g.ttl", "_:s :since 1990 ; rdf:object :b ; rdf:predicate :knows ; rdf:subject :a ; a rdf:Statement ; :source :book . "
        + ":a :knows :b , :c .")]
    [InlineData("g.ttl", ":a :knows :b , :c . [] a owl:Axiom ; owl:annotatedSource :a ; owl:annotatedProperty :knows ; "
        + "owl:annotatedTarget :b ; :since 1990 ; :source :book .")]
    public void What_is_said_of_a_fact_is_its_attribute_wherever_it_stands(string name, string text)
    {
        var graph = Load(name, Prefixes + text);
        Assert.Equal([("a", "knows", "b"), ("a", "knows", "c")], Facts(graph));
        Assert.Equal([new GraphAttribute("since", "1990"), new GraphAttribute("source", "http://e/book")],
            graph.FactAttributes.Of(graph.Train[0]));
        Assert.Equal(1, graph.FactAttributes.Count);
        Assert.Empty(graph.Warnings);
        Assert.Equal(3, graph.Entities.Count);
    }

    [Fact]
    public void What_is_said_of_facts_that_nobody_states_is_told()
    {
        var graph = Load("g.ttl", Prefixes + ":a :knows :b ; :age 5 .\n<< :a :knows :c >> :since 1 .\n<< :a :age 5 >> :since 2 .\n"
            + ":x :says << :a :knows :b >> .");
        Assert.Equal(["g.ttl(12): statements about facts that the graph does not state, or about attributes, left out: 2",
            "statements whose object is a quoted triple, left out: 1"], graph.Warnings.Order());
        Assert.Contains("which state none of them", Assert.Throws<KalmException>(
            () => Load("h.ttl", Prefixes + "<< :a :knows :b >> :since 1 .")).Message);
    }

    [Fact]
    public void Awkward_texts_are_kept_as_they_are()
    {
        var graph = Load("g.nt", "<http://e/\u65E5\u672C> <http://e/p> <http://e/a%20b_(c)> .\n"
            + "<http://e/\\u65E5\\u672C> <http://www.w3.org/2000/01/rdf-schema#label> \"Nippon \\\"\\u65E5\\u672C\\\" \\U0001F5FE\"@en .\n"
            + "<http://e/\u65E5\u672C> <http://e/motto> \"one,\\n\\ttwo; \\\\three\" .\n"
            + "<http://e/\u65E5\u672C> <http://e/motto> \"\" .\n"
            + "<http://e/\u65E5\u672C> <http://e/alias> \"Japon\"@fr .\n");
        Assert.Equal(["Nippon \"\u65E5\u672C\" \U0001F5FE", "a b (c)"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal([new GraphAttribute("motto", "one,\n\ttwo; \\three")], graph.Entities[0].Attributes);
        Assert.Equal(["attributes in other languages than en, left out: 1"], graph.Warnings);
    }

    [Fact]
    public void Files_of_splits_are_splits()
    {
        folder.Write("s/train.nt", "<http://e/a> <http://e/p> <http://e/b> .\n<http://e/b> <http://e/p> <http://e/c> .\n");
        folder.Write("s/valid.nt", "<http://e/a> <http://e/p> <http://e/c> .\n");
        folder.Write("s/test.nt", "<http://e/c> <http://e/p> <http://e/a> .\n");
        folder.Write("s/labels.ttl", Prefixes + ":a rdfs:label \"Ann\" .");
        var graph = KnowledgeGraph.Load(folder.File("s"));
        Assert.Equal((2, 1, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
        Assert.Equal(["Ann", "b", "c"], graph.Entities.Select(entity => entity.Name));
    }

    [Fact]
    public void Malformed_lines_are_faults_or_passed_over_and_listed()
    {
        const string Text = "<http://e/a> <http://e/p> <http://e/b> .\nnonsense\n<http://e/b> <http://e/p> <http://e/c> .\n"
            + "<http://e/c> .\n";
        var path = folder.Write("g.nt", Text);
        Assert.StartsWith("g.nt(2): found 'nonsense'; expected a subject",
            Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path)).Message, StringComparison.Ordinal);
        var graph = KnowledgeGraph.Load(path, new GraphOptions { SkipBad = 2 });
        Assert.Equal(2, graph.Train.Count);
        Assert.Equal(2, graph.Reading.Skipped.Count);
        Assert.StartsWith("g.nt(4): ", Assert.Throws<KalmException>(
            () => KnowledgeGraph.Load(path, new GraphOptions { SkipBad = 1 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("g.json", """[{"subject": "a", "predicate": "p", "object": "b"}]""")]
    [InlineData("g.jsonl", """{"head": "a", "relation": "p", "tail": "b"}""")]
    [InlineData("g.tsv", "<http://e/a>\t<http://e/p>\t<http://e/b>\n<http://e/b>\t<http://e/p>\t<http://e/c>\n")]
    [InlineData("g.csv", "http://e/a,http://e/p,http://e/b\n")]
    [InlineData("g.txt", "a b c\nb p c\n")]
    [InlineData("g.graphml", "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\"><graph/></graphml>")]
    [InlineData("g.rq", "PREFIX e: <http://e/>\nSELECT * WHERE { ?s e:p ?o }")]
    [InlineData("empty", "")]
    public void What_is_no_RDF_is_left_to_others(string name, string text)
    {
        var files = GraphFiles.Of(folder.Write(name, text));
        Assert.All(RdfGraphReader.All, reader => Assert.Null(reader.Recognise(files, new GraphOptions())));
    }

    [Theory]
    [InlineData("g.txt", "# c\n<http://e/a> <http://e/p> _:b .", "ntriples")]
    [InlineData("g", "<http://e/a> <http://e/p> _:b <http://e/g> .", "nquads")]
    [InlineData("g.nq", "<http://e/a> <http://e/p> _:b .", "nquads")]
    [InlineData("g.ttl", "<http://e/a> <http://e/p> _:b .", "turtle")]
    [InlineData("g.txt", "\uFEFFPREFIX : <http://e/>\n:a :p :b .", "turtle")]
    [InlineData("g.nt", "@prefix : <http://e/> .\n:a :p :b .", "turtle")]
    [InlineData("g.ttl", "@prefix : <http://e/> .\n:g { :a :p :b }", "trig")]
    [InlineData("g.ttl", "this is none", "turtle")]
    [InlineData("g.xml", "<?xml version=\"1.0\"?><r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/>", "rdf-xml")]
    [InlineData("g.json", "{\"a\": 1, \"@id\": \"x:a\"}", "json-ld")]
    public void The_format_is_told_by_the_content(string name, string text, string key)
    {
        var files = GraphFiles.Of(folder.Write(name, text));
        Assert.Equal([key], RdfGraphReader.All.Where(reader => reader.Recognise(files, new GraphOptions()) is not null)
            .Select(reader => reader.Key));
    }

    [Fact]
    public void A_format_that_is_asked_for_is_taken()
    {
        var graph = Load("g.txt", "<a> <p> <b> .", new GraphOptions { Format = "turtle" });
        Assert.Equal([("a", "p", "b")], Facts(graph));
        Assert.StartsWith("g.txt(1): ", Assert.Throws<KalmException>(
            () => Load("g.txt", "<a> <p> <b> .", new GraphOptions { Format = "ntriples" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_encodings_are_read_where_they_are_named()
    {
        var path = folder.File("g.nt");
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes("<http://e/a> <http://e/p> <http://e/b> .\n"
            + "<http://e/a> <http://www.w3.org/2000/01/rdf-schema#label> \"Dürer\" .\n"));
        Assert.Equal("Dürer", KnowledgeGraph.Load(path, new GraphOptions { Encoding = "latin1" }).Entities[0].Name);
        Assert.StartsWith("g.nt(2): bytes that are not UTF-8", Assert.Throws<KalmException>(() => KnowledgeGraph.Load(path)).Message,
            StringComparison.Ordinal);
    }

    private KnowledgeGraph Load(string name, string text, GraphOptions? options = null) =>
        KnowledgeGraph.Load(folder.Write(name, text), options);

    private static (string, string, string)[] Facts(KnowledgeGraph graph) => [.. graph.Train.Select(fact => (
        graph.Entities[fact.Head].Name, graph.Relations[fact.Relation].Text, graph.Entities[fact.Tail].Name))];

    private string Copy(string path, string name) => folder.Write(name, File.ReadAllText(path));

    private string Compressed(string path, string name)
    {
        using (var stream = new GZipStream(File.Create(folder.File(name)), CompressionLevel.Fastest))
            stream.Write(File.ReadAllBytes(path));
        return folder.File(name);
    }
}
