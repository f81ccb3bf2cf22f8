using Kalm.Alignment;
using Kalm.Alignment.Losses;
using Kalm.Alignment.Options;
using Kalm.Graph;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Tests.Alignment.Losses;

public sealed class PromptSamplerTests : IDisposable
{
    private readonly Kalm.Tests.Graph.SmallGraph folder = FamilyGraph.Make();
    private readonly KnowledgeGraph graph;
    private readonly Tokenizer tokenizer;

    public PromptSamplerTests()
    {
        graph = folder.Load();
        tokenizer = Tokenizer.Train(graph.Entities.Select(entity => entity.Description), 300);
    }

    [Fact]
    public void The_default_asks_for_the_missing_entity_alone()
    {
        var sampler = Sampler(new());
        foreach (var triple in graph.Train.Take(20))
        {
            var row = graph.Row(triple, Side.Head);
            var expected = Wording().Completion(
                Wording().Description(graph.Entities[row.Head].Description),
                Wording().Relation(graph.DirectedRelationText(row.DirectedRelation)),
                Kalm.Representation.Wording.Answer(graph.Entities[row.Tail]));
            var made = Assert.Single(sampler.Make(row, 5, new Random(1)));
            Assert.Equal(expected.Prefix, made.Prefix);
            Assert.Equal(expected.Branch.Tokens, made.Branch.Tokens);
            Assert.Equal(expected.Labels, made.Labels);
        }
    }

    [Fact]
    public void Tasks_come_by_weight_and_verdicts_are_true()
    {
        var sampler = Sampler(
            new() { Completion = 2, Relation = 1, Classification = 1, Response = AnswerForm.Name, NamesOnly = 1, MaximumShots = 1 });
        var random = new Random(5);
        var texts = Enumerable.Range(0, 800)
            .SelectMany(number => sampler.Make(graph.Row(graph.Train[number % graph.Train.Count], (Side)(number % 2)), 1, random))
            .Select(prompt => tokenizer.Decode([.. prompt.Prefix, .. prompt.Branch.Tokens])).ToList();
        Assert.InRange(texts.Count(text => text.Contains("Is this true", StringComparison.Ordinal)), 150, 250);
        Assert.InRange(texts.Count(text => text.Contains("What is the relation", StringComparison.Ordinal)), 150, 250);
        Assert.InRange(texts.Count(text => text.Split("### Response").Length == 3), 300, 500);
        var facts = graph.Train.Select(triple =>
            $"{graph.Entities[triple.Head].Name} {graph.Relations[triple.Relation].Text} {graph.Entities[triple.Tail].Name}").ToHashSet();
        var verdicts = texts.Where(text => text.Contains("Is this true", StringComparison.Ordinal))
            .Select(text => text[text.LastIndexOf("Is this true: ", StringComparison.Ordinal)..]).ToList();
        foreach (var text in verdicts)
            Assert.Equal(facts.Contains(text["Is this true: ".Length..text.IndexOf('?')]),
                text.EndsWith(QuestionWording.True, StringComparison.Ordinal));
        Assert.InRange(
            verdicts.Count(text => text.EndsWith(QuestionWording.True, StringComparison.Ordinal)) / (double)verdicts.Count, 0.4, 0.65);
    }

    [Fact]
    public void Several_questions_about_an_entity_share_its_text_and_read_the_same()
    {
        var sampler = Sampler(new() { PerEntity = 3, Relation = 0, Classification = 0 });
        var row = graph.Row(graph.Train.First(
            triple => graph.Train.Count(other => other.Head == triple.Head || other.Tail == triple.Head) > 2), Side.Tail);
        var prompts = sampler.Make(row, 8, new Random(2)).ToList();
        Assert.Equal(3, prompts.Count);
        Assert.Equal(3, prompts.DistinctBy(prompt => string.Join(' ', [.. prompt.Branch.Tokens, .. prompt.Labels])).Count());
        Assert.Equal(2, sampler.Make(row, 2, new Random(2)).Count());

        var shared = Assert.Single(PromptRows.Pack(prompts).Rows);
        var apart = prompts.Sum(prompt => prompt.Prefix.Length + prompt.Branch.Tokens.Length);
        Assert.Equal(apart - 2 * (prompts[0].Prefix.Length + prompts[0].SubjectTokens), shared.Length);
        var other = Sampler(new() { Relation = 0, Classification = 0 }).Make(graph.Row(graph.Train[^1], Side.Tail), 1, new Random(1)).Single();
        var mixed = PromptRows.Pack([.. prompts, other]);
        Assert.Equal(prompts.Append(other).SelectMany(prompt => prompt.Labels), mixed.Labels.SelectMany(labels => labels));
        Assert.Equal(2, mixed.Rows.Count);
    }

    [Theory]
    [InlineData(1, 0, "Yes", "No")]
    [InlineData(0, 1, "kind", "lives")]
    public void What_decides_a_response_is_what_counts(double verdict, double relation, params string[] beginnings)
    {
        var sampler = Sampler(new() { Completion = 0, Classification = verdict, Relation = relation, DecisiveTokens = true });
        var prompts = graph.Train.Take(40)
            .SelectMany(triple => sampler.Make(graph.Row(triple, Side.Tail), 1, new Random(triple.Head))).ToList();
        Assert.All(prompts, prompt =>
        {
            Assert.InRange(prompt.DecisiveTokens, 1, prompt.Labels.Length - 1);
            Assert.StartsWith(tokenizer.Decode(prompt.Labels[..prompt.DecisiveTokens])[..1],
                Assert.Single(beginnings, beginning => tokenizer.Decode(prompt.Labels).StartsWith(beginning, StringComparison.Ordinal)),
                StringComparison.Ordinal);
        });
        var packed = PromptRows.Pack(prompts);
        Assert.Equal(packed.Shares.Sum(row => row.Sum()),
            1.25f * prompts.Count, 1e-3f);
    }

    [Fact]
    public void Of_hundreds_of_relations_a_question_offers_what_finds_room_and_the_right_one()
    {
        using var many = new Kalm.Tests.Graph.SmallGraph().With("train.txt", string.Concat(
            Enumerable.Range(0, 400).Select(number => $"e{number % 7}\tmany words for kind {number}\te{(number + 3) % 11}\n")));
        var graph = many.Load();
        var wording = new Wording(tokenizer, new WordingOptions(MaximumPromptTokens: 256));
        var builder = new QuestionBuilder(graph, wording);
        var sampler = new PromptSampler(graph, new TextIndex(graph, wording), new AlignmentOptions
        {
            Implicit = new ImplicitOptions { Prompts = new() { Completion = 0, Relation = 1 } },
        });
        var offers = graph.Train.Select(triple =>
        {
            var row = graph.Row(triple, Side.Tail);
            Assert.InRange(sampler.Make(row, 1, new Random(1)).Single().Labels.Length, 1, 60);
            return Text(row);

            string Text(DirectedRow asked) => tokenizer.Decode(
                [.. builder.Ask(QuestionTask.Relation, asked, withDescriptions: false).Fit(int.MaxValue)!]);
        }).ToList();
        Assert.All(offers.Zip(graph.Train), pair =>
        {
            var offered = pair.First[(pair.First.IndexOf("from: ", StringComparison.Ordinal) + 6)..].Split(", ");
            Assert.InRange(offered.Length, 4, 100);
            Assert.Contains(offered, text => text.StartsWith(graph.Relations[pair.Second.Relation].Text, StringComparison.Ordinal));
        });
        Assert.InRange(offers.Distinct().Count(), 390, 400);
        Assert.NotNull(builder.Neutral(QuestionTask.Relation).Fit(256));
    }

    [Fact]
    public void Of_a_hub_with_thousands_of_facts_distinct_ones_are_drawn()
    {
        using var files = Kalm.Tests.Graph.SmallGraph.Kalm()
            .With("entities.dict", Lines(5000, index => $"{index}\te{index}"))
            .With("entityId2text.dict", Lines(5000, index => $"{index}\tthing {index}"))
            .Without("valid.txt").Without("test.txt").With("train.txt", Lines(4999, index => $"e0\t_has_part\te{index + 1}"));
        var hub = files.Load();
        var sampler = Sampler(hub, new() { PerEntity = 64, Relation = 0, Classification = 0, Response = AnswerForm.Name });
        for (var seed = 0; seed < 20; seed++)
        {
            var prompts = sampler.Make(hub.Row(hub.Train[seed], Side.Tail), 64, new Random(seed)).ToList();
            Assert.Equal(64, prompts.Select(prompt => string.Join(' ', prompt.Labels)).Distinct().Count());
        }
    }

    private static string Lines(int count, Func<int, string> line) =>
        string.Concat(Enumerable.Range(0, count).Select(index => line(index) + "\n"));

    private Wording Wording() => new(tokenizer, new WordingOptions(MaximumPromptTokens: 600));

    private PromptSampler Sampler(PromptMixture mixture) => Sampler(graph, mixture);

    private PromptSampler Sampler(KnowledgeGraph of, PromptMixture mixture) =>
        new(of, new TextIndex(of, Wording()), new AlignmentOptions { Implicit = new ImplicitOptions { Prompts = mixture } });

    public void Dispose() => folder.Dispose();
}
