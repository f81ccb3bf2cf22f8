using Kalm.Alignment.Options;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment.Losses;

/// <summary>Makes the prompts of implicit alignment from triples, in the proportions of a <see cref="PromptMixture"/>.</summary>
internal sealed class PromptSampler
{
    private readonly KnowledgeGraph graph;
    private readonly Wording wording;
    private readonly PromptMixture mixture;
    private readonly QuestionBuilder questions;
    private readonly Corruption? corruption;

    /// <summary>Prepares.</summary>
    public PromptSampler(KnowledgeGraph graph, TextIndex texts, AlignmentOptions options)
    {
        (this.graph, wording, mixture) = (graph, texts.Wording, options.Implicit.Prompts);
        questions = new QuestionBuilder(graph, wording);
        corruption = mixture.Classification > 0 ? new Corruption(graph, new KnownFacts(graph, graph.Train)) : null;
    }

    private AnswerForm Response => mixture.Response ?? AnswerForm.NameAndDescription;

    /// <summary>Makes a prompt.</summary>
    /// <param name="row">The triple it is about.</param>
    /// <param name="random">Draws what is asked, the examples and the corruption.</param>
    public CompletionPrompt Make(DirectedRow row, Random random)
    {
        var task = Task(random);
        var withDescriptions = random.NextDouble() >= mixture.NamesOnly;
        var shots = Enumerable.Range(0, random.Next(mixture.MaximumShots + 1))
            .Select(_ => Shot(task, Draw(random), withDescriptions, random)).ToList();
        var asked = Shot(task, row, withDescriptions, random);
        return wording.Questions.Learn(asked.Question, shots, asked.Response);
    }

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
        graph.Row(graph.Train[random.Next(graph.Train.Count)], random.Next(2) == 0 ? Side.Tail : Side.Head);

    private Triple Forward(DirectedRow row) => row.DirectedRelation < graph.RelationCount
        ? new Triple(row.Head, row.DirectedRelation, row.Tail)
        : new Triple(row.Tail, row.DirectedRelation - graph.RelationCount, row.Head);
}
