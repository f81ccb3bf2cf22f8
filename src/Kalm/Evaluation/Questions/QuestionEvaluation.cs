using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Evaluation.Questions;

/// <summary>Asks a model questions about a graph, free and constrained side by side.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948, section on question answering; its authors released one task of the four, without
/// scoring.</remarks>
public sealed class QuestionEvaluation
{
    private const int LeastAnswerTokens = 32;
    private const int MostKnown = 32;
    private const int Beams = 8;
    private readonly KnowledgeGraph graph;
    private readonly DecoderPool decoder;
    private readonly Tokenizer tokenizer;
    private readonly Wording wording;
    private readonly KnownFacts known;
    private readonly QuestionBuilder builder;
    private readonly bool corrects;
    private readonly Dictionary<QuestionTask, AnswerChoices> choicesOf = [];

    /// <summary>Prepares.</summary>
    /// <param name="decoder">The model; not owned.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="wording">The wording it was aligned with.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="corrects">Whether constrained answers are corrected for how likely a name is by itself. A model that was aligned has
    /// learned what is answered how often, and loses by it.</param>
    public QuestionEvaluation(DecoderPool decoder, Tokenizer tokenizer, Wording wording, KnowledgeGraph graph, bool corrects)
    {
        (this.graph, this.decoder, this.tokenizer, this.wording, this.corrects) = (graph, decoder, tokenizer, wording, corrects);
        known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        builder = new QuestionBuilder(graph, wording);
    }

    /// <summary>How many examples found room before the questions of the last call, at the fewest.</summary>
    public int FewestShots { get; private set; }

    /// <summary>Asks all questions of a set.</summary>
    /// <param name="set">The questions.</param>
    /// <param name="withDescriptions">Whether entities come with their descriptions.</param>
    /// <param name="progress">Told how many questions are answered; may be null.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>An answer for each question, in their order.</returns>
    public IReadOnlyList<QuestionAnswer> Ask(
        QuestionSet set, bool withDescriptions, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (set.Questions.Count == 0)
            return [];
        var shots = set.Examples
            .Select(example => builder.Shot(example.Task, example.Row, example.IsTrue, withDescriptions, AnswerForm.Name)).ToList();
        var choices = Choices(set.Questions[0].Task, cancellation);
        var answerTokens = Math.Max(LeastAnswerTokens, choices.LongestTokens + 1);
        var room = decoder.Config.ContextLength - answerTokens;
        var asked = set.Questions
            .Select(question => wording.Questions.Ask(builder.Ask(question.Task, question.Row, withDescriptions), shots, room)).ToList();
        FewestShots = asked.Min(item => item.Shots);
        var prompts = asked.Select(item => item.Tokens).ToList();
        var free = new Generator(decoder, tokenizer)
            .Continue(prompts, new GenerationOptions { MaximumNewTokens = answerTokens, Stop = ["\n"] },
                Told("free answers"), cancellation);
        var most = set.Questions.Max(question => Math.Min(MostKnown, OthersKnown(question).Count));
        var constrained = choices.Best(
            prompts, most + 1, Math.Max(Beams, most + 1), Told("constrained answers"), cancellation);
        return [.. set.Questions.Select((question, index) => Judge(
            question, prompts[index], free[index].Text, constrained[index], choices))];

        Relay? Told(string stage) => progress is null ? null : new(done =>
        {
            lock (progress)
                progress.Report(new EvaluationProgress(stage, done, prompts.Count));
        });
    }

    private AnswerChoices Choices(QuestionTask task, CancellationToken cancellation)
    {
        if (choicesOf.TryGetValue(task, out var made))
            return made;
        var texts = task switch
        {
            QuestionTask.Relation => builder.Relations,
            QuestionTask.Classification => [QuestionWording.True, QuestionWording.False],
            _ => graph.Entities.Select(entity => entity.Name),
        };
        return choicesOf[task] = new AnswerChoices(
            decoder, tokenizer, wording, texts, corrects ? builder.Neutral(task) : null, cancellation);
    }

    private QuestionAnswer Judge(
        Question question, int[] prompt, string free, IReadOnlyList<ConstrainedAnswer> allowed, AnswerChoices choices)
    {
        var others = OthersKnown(question);
        var linked = choices.Linker.Link(free);
        var filtered = allowed.FirstOrDefault(answer => !others.Contains(choices.Texts[answer.Text])) ?? allowed[0];
        return new QuestionAnswer(
            question, tokenizer.Decode(prompt), free, choices.Texts[allowed[0].Text],
            choices.Texts[filtered.Text], allowed[0].LogProbability, linked,
            linked == AnswerText.Normalise(question.Gold) && IsSense(question, free));
    }

    // Of several entities that share the name, the one meant is the one whose text goes on as the answer does.
    private bool IsSense(Question question, string free)
    {
        if (question.Task != QuestionTask.Completion)
            return true;
        var senses = graph.Entities.Where(entity => entity.Name == question.Gold).ToList();
        if (senses.Count < 2)
            return true;
        var agreement = senses.Select(sense => Wording.Answer(sense).AsSpan().CommonPrefixLength(free)).ToList();
        var gold = Wording.Answer(graph.Entities[question.Row.Tail]).AsSpan().CommonPrefixLength(free);
        return gold == agreement.Max() && agreement.Count(length => length == gold) == 1;
    }

    /// <summary>The names of other answers that are true.</summary>
    private HashSet<string> OthersKnown(Question question)
    {
        var names = new HashSet<string>();
        if (question.Task == QuestionTask.Completion)
            foreach (var answer in known.Answers(question.Row.Head, question.Row.DirectedRelation))
                names.Add(graph.Entities[answer].Name);
        else if (question.Task == QuestionTask.Relation)
            for (var relation = 0; relation < graph.RelationCount; relation++)
                if (known.Contains(question.Row.Head, relation, question.Row.Tail))
                    names.Add(graph.Relations[relation].Text);
        names.Remove(question.Gold);
        return names;
    }
}
