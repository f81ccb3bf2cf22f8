using System.Diagnostics;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Completion.Grounding;
using Kalm.Graph;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Completion.Grounding;

public class GrounderTests
{
    private static readonly KnowledgeGraph World =
        KnowledgeGraph.Load(Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world"));

    private static readonly Grounder OfWorld = new(World, new FactSplits(World));

    [Theory]
    [InlineData("capital of France", "Paris")]
    [InlineData("What is France's capital?", "Paris")]
    [InlineData("What is france’s capital?", "Paris")]
    [InlineData("france capital", "Paris")]
    [InlineData("What is Paris the capital of?", "France")]
    [InlineData("What is the capital of Guinea-Bissau?", "Bissau")]
    [InlineData("What is the capital of Guinea?", "Conakry")]
    [InlineData("capital of SAO TOME AND PRINCIPE", "São Tomé")]
    [InlineData("Which country is Stalingrad in?", "Russia")]
    [InlineData("Where is Everest?", "Nepal, China")]
    [InlineData("capital of untied kingdom", "London")]
    [InlineData("What is the captial of France?", "Paris")]
    [InlineData("What does the Nile flow into?", "Mediterranean Sea")]
    [InlineData("Which countries border both Peru and Chile?", "Bolivia")]
    [InlineData("What is the relation between Lima and Peru?", "is the capital of the country")]
    [InlineData("Is Paris the capital of France?", "Yes")]
    [InlineData("Is Lyon the capital of France?", "No")]
    [InlineData("Is Lima in Peru?", "Yes")]
    public void What_the_graph_holds_is_answered_in_the_direction_that_was_asked(string question, string expected)
    {
        var answer = OfWorld.Read(question).Answer;
        Assert.Equal(GroundingKind.Graph, answer.Kind);
        Assert.Equal(expected.Split(", ").Order(), answer.Text!.Split(", ").Order());
        Assert.NotEmpty(answer.Facts);
        var splits = new FactSplits(World);
        Assert.All(answer.Facts, fact => Assert.NotNull(splits.Of(fact.Fact.Head, fact.Fact.Relation, fact.Fact.Tail)));
    }

    [Theory]
    [InlineData("What is the capital of Gondor?", "knows no gondor")]
    [InlineData("what is the capital of irak?", "Iran or Iraq")]
    [InlineData("What is the capital of the Congo?", "Democratic Republic of the Congo or Republic of the Congo")]
    [InlineData("What is the capital of the Nile?", "nor of anything of its kind")]
    [InlineData("What is the population of France?", "no relation of these words")]
    [InlineData("What is the largest city in France?", "'largest'")]
    [InlineData("Which countries do not border France?", "'not'")]
    [InlineData("Why does France border Spain?", "'why'")]
    [InlineData("Which river shares a border with Portugal?", "is no river")]
    [InlineData("Is France the capital of Paris?", "such kinds of things")]
    [InlineData("Tell me a joke", "names no entity")]
    [InlineData("\ud800?", "names no entity")]
    [InlineData("", "names no entity")]
    public void What_cannot_be_answered_is_refused_with_the_reason(string question, string reason)
    {
        var read = OfWorld.Read(question);
        Assert.Equal((GroundingKind.Unknown, null, null), (read.Answer.Kind, read.Answer.Text, read.Subject));
        Assert.Contains(reason, read.Answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_longer_than_a_question_is_not_read() => Assert.Contains(
        "at most 64", OfWorld.Read(string.Join(' ', Enumerable.Repeat("France", 65))).Answer.Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("What is the hypernym of dog?", "animal")]
    [InlineData("dog hypernym", "animal")]
    [InlineData("What are the hyponyms of animal?", "dog, cat")]
    [InlineData("Is dog a hyponym of animal?", "Yes")]
    [InlineData("Which word is animal the hypernym of?", "dog, cat")]
    [InlineData("What is the hypernym of domestic canine?", "animal")]
    public void Relations_that_are_nouns_are_read_from_the_owner(string question, string expected)
    {
        using var files = Words();
        var graph = files.Load();
        Assert.Equal(expected, new Grounder(graph, new FactSplits(graph)).Read(question).Answer.Text);
    }

    [Fact]
    public void Of_one_name_every_sense_is_kept_and_the_one_that_the_relation_fits_answers()
    {
        using var files = Words();
        var graph = files.Load();
        var answer = new Grounder(graph, new FactSplits(graph)).Read("What is the hypernym of bank?").Answer;
        Assert.Equal("slope", answer.Text);
        Assert.Equal(["bank2", "bank1"], answer.Mentions.Single().Entities.Select(entity => graph.Entities[entity].Id));
    }

    [Fact]
    public void What_is_ranked_first_is_stated_only_when_it_is_sure()
    {
        using var files = Words();
        var graph = files.Load();
        var grounder = new Grounder(graph, new FactSplits(graph));
        var (cat, animal, slope) = (graph.EntityIndex("cat"), graph.EntityIndex("animal"), graph.EntityIndex("slope"));
        // cow has no hypernym, but a sound, as cat and dog have.
        var read = grounder.Read("What is the hypernym of cow?");
        Assert.Equal((GroundingKind.Words, graph.EntityIndex("cow")), (read.Answer.Kind, read.Subject));

        var sure = grounder.Decide(read, [Candidate(animal, Verdict.True)]);
        Assert.Equal((GroundingKind.Ranking, "animal"), (sure.Kind, sure.Text));
        Assert.Equal(new GroundedFact(new Triple(read.Subject!.Value, 0, animal), GroundingKind.Ranking, 0.6), sure.Facts.Single());
        Assert.Equal(read.Answer, grounder.Decide(read, [Candidate(animal, Verdict.Unknown)]));
        Assert.Equal(read.Answer, grounder.Decide(read, [Candidate(cat, Verdict.False)]));
        Assert.Equal(read.Answer, grounder.Decide(read, [Candidate(animal, Verdict.True) with { Fact = null }]));
        Assert.Equal(read.Answer, grounder.Decide(read, []));

        var verdict = grounder.Read("Is cow a hyponym of animal?");
        Assert.Equal("Yes", grounder.Decide(verdict, [Candidate(animal, Verdict.True)]).Text);
        Assert.Equal(GroundingKind.Words, grounder.Decide(verdict, [Candidate(slope, Verdict.True)]).Kind);
    }

    [Fact]
    public void A_graph_of_forty_thousand_entities_is_ready_in_seconds_and_then_answers_at_once()
    {
        var graph = KnowledgeGraph.Load(DataFolder.Require("wn18rr"));
        var grounder = new Grounder(graph, new FactSplits(graph));
        var clock = Stopwatch.StartNew();
        Assert.Equal("Yes", grounder.Read("Is fox a hyponym of canine?").Answer.Text);
        grounder.Read("What is the hypernym of foxx?");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
        clock.Restart();
        for (var time = 0; time < 20; time++)
            grounder.Read("What are the hyponyms of canin?");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void Changed_entities_are_named_as_they_are_now()
    {
        using var files = Words();
        using var folder = new TemporaryFolder();
        var graph = files.Load();
        var before = Catalog.Open(graph, folder.Path);
        Change[] changes =
        [
            new(1, DateTimeOffset.UtcNow, ChangeKind.EntityAdded, "pug", "Pug", "Pug, a small dog"),
            new(2, DateTimeOffset.UtcNow, ChangeKind.EntityEdited, "dog", "Hound", "Hound, a pet"),
            new(3, DateTimeOffset.UtcNow, ChangeKind.EntityDeleted, "cat"),
            new(4, DateTimeOffset.UtcNow, ChangeKind.FactAccepted, Head: "pug", Relation: "_hypernym", Tail: "dog"),
        ];
        var touched = new SortedSet<int>();
        var catalog = changes.Aggregate(before, (known, change) => known.With(change, touched));
        var facts = new FactSplits(graph);
        var grounder = new Grounder(graph, facts).With(catalog, facts.With(catalog.Reviewed));
        Assert.True(grounder.IsOf(catalog));
        Assert.Equal("Hound", grounder.Read("What is the hypernym of pug?").Answer.Text);
        Assert.Equal("animal", grounder.Read("What is the hypernym of hound?").Answer.Text);
        Assert.Equal("Hound", grounder.Read("What are the hyponyms of animal?").Answer.Text);
        Assert.Equal(GroundingKind.Unknown, grounder.Read("What is the hypernym of cat?").Answer.Kind);
    }

    private static EntityCandidate Candidate(int entity, Verdict verdict) => new(entity, 1, 0.5, 0.9, null, null, new FactJudgement(
        0.6, verdict, null, false, new FactSigns(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false), [], null, true));

    private static SmallGraph Words()
    {
        string[] ids = ["animal", "dog", "cat", "cow", "noise", "slope", "bank1", "bank2"];
        string[] texts =
        [
            "animal, a being", "dog, a pet, also known as Domestic Canine", "cat, a pet", "cow, a being of the farm", "noise, what is heard",
            "slope, a side of a hill", "bank, a house of money", "bank, a side of a river",
        ];
        return SmallGraph.Kalm()
            .With("entities.dict", string.Concat(ids.Select((id, index) => $"{index}\t{id}\n")))
            .With("entityId2text.dict", string.Concat(texts.Select((text, index) => $"{index}\t{text}\n")))
            .With("relations.dict", "0\t_hypernym\n1\t_sound\n")
            .With("relationId2text.dict", "0\thypernym\n1\tmakes the sound\n")
            .With("relationId2text_inverse.dict", "0\thyponym\n1\tis the sound of\n")
            .With("train.txt", "dog\t_hypernym\tanimal\ncat\t_hypernym\tanimal\nbank2\t_hypernym\tslope\n"
                + "dog\t_sound\tnoise\ncat\t_sound\tnoise\ncow\t_sound\tnoise\n")
            .With("valid.txt", "").With("test.txt", "");
    }
}
