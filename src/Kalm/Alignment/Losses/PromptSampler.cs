using Kalm.Alignment.Options;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment.Losses;

/// <summary>Makes the prompts of implicit alignment from triples, in the proportions of a <see cref="PromptMixture"/>.</summary>
internal sealed class PromptSampler
{
    // Far more than the prompts of a step, so that what is drawn one by one is soon distinct.
    private const int MostShuffled = 4096;
    private readonly KnowledgeGraph graph;
    private readonly Wording wording;
    private readonly PromptMixture mixture;
    private readonly QuestionBuilder questions;
    private readonly KnownFacts asked;
    private readonly IReadOnlyList<int[]> relations;
    private readonly IReadOnlyList<int[]> verdicts;
    private readonly Corruption? corruption;

    /// <summary>Prepares.</summary>
    public PromptSampler(KnowledgeGraph graph, TextIndex texts, AlignmentOptions options)
    {
        (this.graph, wording, mixture) = (graph, texts.Wording, options.Implicit.Prompts);
        questions = new QuestionBuilder(graph, wording);
        relations = [.. questions.Relations.Select(text => wording.Questions.Response(text))];
        verdicts = [wording.Questions.Response(QuestionWording.True), wording.Questions.Response(QuestionWording.False)];
        asked = graph.AskedFacts;
        corruption = mixture.Classification > 0 ? new Corruption(graph, graph.TrainFacts) : null;
    }

    private AnswerForm Response => mixture.Response ?? AnswerForm.NameAndDescription;

    /// <summary>Makes the prompts about a triple and further facts of its head.</summary>
    /// <param name="row">The triple.</param>
    /// <param name="most">At most so many prompts.</param>
    /// <param name="random">Draws what is asked, the facts, the examples and the corruption.</param>
    public IEnumerable<CompletionPrompt> Make(DirectedRow row, int most, Random random)
    {
        var task = Task(random);
        var withDescriptions = random.NextDouble() >= mixture.NamesOnly;
        return RowsOf(row, Math.Min(most, mixture.PerEntity), random).Select(about => Make(task, about, withDescriptions, random));
    }

    private IEnumerable<DirectedRow> RowsOf(DirectedRow row, int most, Random random)
    {
        if (most == 1)
            return [row];
        var facts = asked.FactsOf(row.Head);
        return [row, .. Others().Take(most - 1).Select(Fact)];

        DirectedRow Fact(int index) => new(row.Head, facts.Relations.Span[index], facts.Tails.Span[index]);

        IEnumerable<int> Others()
        {
            if (facts.Tails.Length > MostShuffled)
                return Enumerable.InfiniteSequence(0, 0).Select(_ => random.Next(facts.Tails.Length)).Distinct()
                    .Where(index => Fact(index) != row);
            var others = Enumerable.Range(0, facts.Tails.Length).Where(index => Fact(index) != row).ToArray();
            random.Shuffle(others);
            return others;
        }
    }

    private CompletionPrompt Make(QuestionTask task, DirectedRow row, bool withDescriptions, Random random)
    {
        var shots = Enumerable.Range(0, random.Next(mixture.MaximumShots + 1))
            .Select(_ => Shot(task, Draw(random), withDescriptions, random)).ToList();
        var last = Shot(task, row, withDescriptions, random);
        var prompt = wording.Questions.Learn(last.Question, shots, last.Response);
        return task == QuestionTask.Completion || !mixture.DecisiveTokens ? prompt
            : prompt with { DecisiveTokens = Decisive(last.Response, task == QuestionTask.Relation ? relations : verdicts) };
    }

    // A verdict is decided by its first word; as a seventh of a loss whose other parts are soon learned it would hardly be.
    private static int Decisive(int[] response, IReadOnlyList<int[]> choices) => Math.Max(1, choices
        .Where(choice => !choice.AsSpan().SequenceEqual(response))
        .Select(choice => Math.Min(choice.AsSpan().CommonPrefixLength(response) + 1, response.Length)).DefaultIfEmpty(1).Max());

    private QuestionTask Task(Random random)
    {
        var drawn = random.NextDouble() * (mixture.Completion + mixture.Relation + mixture.Classification);
        return drawn < mixture.Completion ? QuestionTask.Completion
            : drawn < mixture.Completion + mixture.Relation ? QuestionTask.Relation : QuestionTask.Classification;
    }

    private Shot Shot(QuestionTask task, DirectedRow row, bool withDescriptions, Random random)
    {
        if (task == QuestionTask.Completion)
            return questions.Shot(task, row, true, withDescriptions, Response);
        var triple = Forward(row);
        var made = task == QuestionTask.Classification && random.Next(2) == 0 ? corruption!.Of(triple, random) : null;
        return questions.Shot(task, graph.Row(made ?? triple, Side.Tail), made is null, withDescriptions, Response);
    }

    private DirectedRow Draw(Random random) =>
        graph.Row(graph.Asked[random.Next(graph.Asked.Count)], random.Next(2) == 0 ? Side.Tail : Side.Head);

    private Triple Forward(DirectedRow row) => row.DirectedRelation < graph.RelationCount
        ? new Triple(row.Head, row.DirectedRelation, row.Tail)
        : new Triple(row.Tail, row.DirectedRelation - graph.RelationCount, row.Head);
}
