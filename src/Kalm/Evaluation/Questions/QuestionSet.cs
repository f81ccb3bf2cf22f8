using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Evaluation.Questions;

/// <summary>The questions of one task, with the examples that stand before each of them.</summary>
/// <param name="Kind">The task.</param>
/// <param name="Questions">What is asked about the triples, in their order.</param>
/// <param name="Examples">Triples of the train split, the same for every question; true and corrupted in turn for classification.</param>
public sealed record QuestionSet(QuestionKind Kind, IReadOnlyList<Question> Questions, IReadOnlyList<Question> Examples)
{
    /// <summary>Makes the questions of a task.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="triples">What is asked about.</param>
    /// <param name="kind">The task.</param>
    /// <param name="shots">The number of examples.</param>
    /// <param name="seed">Draws the examples and the corruptions.</param>
    public static QuestionSet Make(KnowledgeGraph graph, IReadOnlyList<Triple> triples, QuestionKind kind, int shots, long seed)
    {
        var random = new Random(unchecked((int)(seed * 31 + (int)kind)));
        var corruption = new Corruption(graph, new KnownFacts(graph, graph.Train, graph.Valid, graph.Test));
        var examples = Enumerable.Range(0, graph.Train.Count == 0 ? 0 : shots)
            .SelectMany(number => Of(graph.Train[random.Next(graph.Train.Count)], number % 2 == 0)).ToList();
        // Half of the triples as they are, half corrupted: a verdict that is always the same is right half of the time.
        return new QuestionSet(kind, [.. triples.SelectMany((triple, number) => Of(triple, number % 2 == 0))], examples);

        IEnumerable<Question> Of(Triple triple, bool isTrue)
        {
            var row = graph.Row(triple, kind == QuestionKind.Head ? Side.Head : Side.Tail);
            if (kind == QuestionKind.Classification)
            {
                var made = isTrue ? triple : corruption.Of(triple, random);
                return made is null ? []
                    : [new Question(kind, graph.Row(made.Value, Side.Tail), isTrue, isTrue ? QuestionWording.True : QuestionWording.False)];
            }
            return [new Question(
                kind, row, true, kind == QuestionKind.Relation ? graph.Relations[triple.Relation].Text : graph.Entities[row.Tail].Name)];
        }
    }
}
