using Kalm.Evaluation.Questions;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Tests.Evaluation.Questions;

public sealed class QuestionSetTests : IDisposable
{
    private readonly Kalm.Tests.Graph.SmallGraph folder = FamilyGraph.Make();
    private readonly KnowledgeGraph graph;

    public QuestionSetTests() => graph = folder.Load();

    [Fact]
    public void Verdicts_are_balanced_and_false_triples_look_true_but_are_in_no_split()
    {
        var set = QuestionSet.Make(graph, graph.Train, QuestionKind.Classification, 4, 3);
        var known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        Assert.InRange(set.Questions.Count(question => question.IsTrue) / (double)set.Questions.Count, 0.45, 0.55);
        foreach (var question in set.Questions)
        {
            var row = question.Row;
            Assert.Equal(question.IsTrue, known.Contains(row.Head, row.DirectedRelation, row.Tail));
            Assert.Equal(question.IsTrue ? QuestionWording.True : QuestionWording.False, question.Gold);
            Assert.Contains(graph.Train, triple => triple.Relation == row.DirectedRelation && triple.Head == row.Head);
            Assert.Contains(graph.Train, triple => triple.Relation == row.DirectedRelation && triple.Tail == row.Tail);
        }
        Assert.Equal([true, false, true, false], set.Examples.Select(example => example.IsTrue));
    }

    [Fact]
    public void Heads_are_asked_for_by_the_inverse_relation()
    {
        var set = QuestionSet.Make(graph, graph.Test, QuestionKind.Head, 2, 3);
        foreach (var (question, triple) in set.Questions.Zip(graph.Test))
        {
            Assert.Equal(graph.Row(triple, Side.Head), question.Row);
            Assert.Equal(graph.Entities[triple.Head].Name, question.Gold);
        }
        Assert.All(set.Examples, example => Assert.Contains(graph.Train, triple => graph.Row(triple, Side.Head) == example.Row));
    }

    [Fact]
    public void The_seed_decides()
    {
        Assert.Equal(Make(1).Examples, Make(1).Examples);
        Assert.NotEqual(Make(1).Examples, Make(2).Examples);

        QuestionSet Make(long seed) => QuestionSet.Make(graph, graph.Test, QuestionKind.Tail, 6, seed);
    }

    public void Dispose() => folder.Dispose();
}
