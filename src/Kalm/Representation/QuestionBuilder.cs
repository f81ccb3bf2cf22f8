using Kalm.Graph;

namespace Kalm.Representation;

/// <summary>What is asked.</summary>
public enum QuestionTask
{
    /// <summary>The tail of a triple, or by the inverse relation its head.</summary>
    Completion,

    /// <summary>The relation between two entities.</summary>
    Relation,

    /// <summary>Whether a triple is true.</summary>
    Classification,
}

/// <summary>How an entity is given as an answer.</summary>
public enum AnswerForm
{
    /// <summary>Its text, which begins with its name.</summary>
    NameAndDescription,

    /// <summary>Its name alone.</summary>
    Name,
}

/// <summary>Makes questions with their answers from triples of a graph.</summary>
/// <param name="graph">The graph.</param>
/// <param name="wording">The wording.</param>
public sealed class QuestionBuilder(KnowledgeGraph graph, Wording wording)
{
    private const string Something = "something";
    private const string Related = "is related to";
    private readonly string[] relations = [.. graph.Relations.Select(relation => relation.Text).Distinct()];
    private readonly Lazy<int[]> lengths = new(() =>
        [.. graph.Relations.Select(relation => relation.Text).Distinct().Select(text => wording.Relation(text).Length)]);

    /// <summary>The texts of all relations, each once.</summary>
    public IReadOnlyList<string> Relations => relations;

    /// <summary>The question for a triple.</summary>
    /// <param name="task">What is asked.</param>
    /// <param name="row">The triple; only completion takes inverse relations.</param>
    /// <param name="withDescriptions">Whether entities come with their descriptions.</param>
    public Prompt Ask(QuestionTask task, DirectedRow row, bool withDescriptions) => task switch
    {
        QuestionTask.Completion => wording.Questions.Completion(
            wording.Description(Text(row.Head, withDescriptions)), wording.Relation(graph.DirectedRelationText(row.DirectedRelation))),
        QuestionTask.Relation => wording.Questions.Relation(
            Text(row.Head, withDescriptions), Text(row.Tail, withDescriptions), Offered(row)),
        _ => wording.Questions.Classification(
            Text(row.Head, withDescriptions), graph.DirectedRelationText(row.DirectedRelation), Text(row.Tail, withDescriptions)),
    };

    /// <summary>The right answer in words.</summary>
    /// <param name="task">What is asked.</param>
    /// <param name="row">The triple.</param>
    /// <param name="isTrue">Whether the triple is true; matters to classification alone.</param>
    /// <param name="form">How an entity is given.</param>
    public string Answer(QuestionTask task, DirectedRow row, bool isTrue, AnswerForm form) => task switch
    {
        QuestionTask.Completion => form == AnswerForm.Name ? graph.Entities[row.Tail].Name : Wording.Answer(graph.Entities[row.Tail]),
        QuestionTask.Relation => graph.DirectedRelationText(row.DirectedRelation),
        _ => isTrue ? QuestionWording.True : QuestionWording.False,
    };

    /// <summary>A question with its answer.</summary>
    public Shot Shot(QuestionTask task, DirectedRow row, bool isTrue, bool withDescriptions, AnswerForm form) =>
        new(Ask(task, row, withDescriptions), wording.Questions.Response(
            Answer(task, row, isTrue, form), task == QuestionTask.Completion ? graph.Entities[row.Tail].Name : null));

    /// <summary>A question of a kind about nothing in particular: what is likely to be answered even to this is likely by itself.</summary>
    public Prompt Neutral(QuestionTask task) => task switch
    {
        QuestionTask.Completion => wording.Questions.Completion(wording.Description(Something), wording.Relation(Related)),
        QuestionTask.Relation => wording.Questions.Relation(Something, Something, Offered(null)),
        _ => wording.Questions.Classification(Something, Related, Something),
    };

    /// <summary>What a question about a triple's relation offers: all relations, or where they would take more than half of a prompt, some
    /// that do not, the right one among them; always the same ones for the same triple.</summary>
    private string[] Offered(DirectedRow? about)
    {
        var room = wording.Options.MaximumPromptTokens / 2;
        if (lengths.Value.Sum() <= room)
            return relations;
        var order = Enumerable.Range(0, relations.Length).ToArray();
        var row = about ?? default;
        new Random(unchecked((((row.Head * 397) ^ row.Tail) * 397) ^ row.DirectedRelation)).Shuffle(order);
        var right = about is null ? order[0] : Array.IndexOf(relations, graph.DirectedRelationText(row.DirectedRelation));
        var taken = new SortedSet<int>();
        foreach (var relation in order.Prepend(right))
            if (!taken.Contains(relation) && (taken.Count == 0 || lengths.Value[relation] <= room))
            {
                taken.Add(relation);
                room -= lengths.Value[relation];
            }
        return [.. taken.Select(relation => relations[relation])];
    }

    private string Text(int entity, bool withDescription) =>
        withDescription ? graph.Entities[entity].Description : graph.Entities[entity].Name;
}
