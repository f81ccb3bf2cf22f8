using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Evaluation.Questions;

/// <summary>One of the four tasks of knowledge-graph question answering (KaLM, arXiv 2412.04948).</summary>
public enum QuestionKind
{
    /// <summary>(?, relation, tail), asked with the inverse relation.</summary>
    Head,

    /// <summary>(head, relation, ?).</summary>
    Tail,

    /// <summary>(head, ?, tail).</summary>
    Relation,

    /// <summary>Whether a triple is true.</summary>
    Classification,
}

/// <summary>A question with what a right answer is.</summary>
/// <param name="Kind">The task.</param>
/// <param name="Row">The triple as it is asked about, corrupted where it is not true.</param>
/// <param name="IsTrue">Whether the triple is true.</param>
/// <param name="Gold">The right answer: a name, a relation's text or a verdict.</param>
public sealed record Question(QuestionKind Kind, DirectedRow Row, bool IsTrue, string Gold)
{
    /// <summary>How the question is worded.</summary>
    public QuestionTask Task => Kind switch
    {
        QuestionKind.Relation => QuestionTask.Relation,
        QuestionKind.Classification => QuestionTask.Classification,
        _ => QuestionTask.Completion,
    };
}
