namespace Kalm.Evaluation.Questions;

/// <summary>What a model answered to a question, and how right that is.</summary>
/// <param name="Question">What was asked, with the right answer.</param>
/// <param name="Prompt">The prompt, in words.</param>
/// <param name="Free">What it wrote without constraint, greedily.</param>
/// <param name="Constrained">The likeliest of the allowed answers.</param>
/// <param name="Filtered">The same, other answers that the graph knows to be true left out; the same as <paramref name="Constrained"/>
/// where there is one right answer.</param>
/// <param name="LogProbability">The log-probability of <paramref name="Constrained"/> among the allowed answers, in nats.</param>
/// <param name="Linked">The name found in <paramref name="Free"/>, normalised; null when there is none.</param>
/// <param name="IsSense">Whether <paramref name="Linked"/> is right and means the right one of several entities of that name.</param>
public sealed record QuestionAnswer(
    Question Question, string Prompt, string Free, string Constrained, string Filtered, double LogProbability, string? Linked, bool IsSense)
{
    /// <summary>Whether the free answer is the right one, letter by letter.</summary>
    public bool IsExact => Free.Trim() == Question.Gold;

    /// <summary>Whether it is after normalisation.</summary>
    public bool IsNormalised => AnswerText.Normalise(Free) == AnswerText.Normalise(Question.Gold);

    /// <summary>Whether the name found in it is the right one.</summary>
    public bool IsLinked => Linked is not null && Linked == AnswerText.Normalise(Question.Gold);

    /// <summary>Whether the constrained answer is the right one.</summary>
    public bool IsConstrained => Constrained == Question.Gold;

    /// <summary>Whether the filtered answer is.</summary>
    public bool IsFiltered => Filtered == Question.Gold;
}
