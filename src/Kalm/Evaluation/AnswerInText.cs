using Kalm.Graph;

namespace Kalm.Evaluation;

/// <summary>Whether a query's text gives its answer away.</summary>
public static class AnswerInText
{
    /// <summary>Whether the description of the query's entity, or its relation's words, hold the answer's name as whole words.</summary>
    public static bool Holds(KnowledgeGraph graph, CompletionQuery query) =>
        Holds(graph.Entities[query.Entity].Description, graph.Entities[query.Answer].Name)
        || Holds(graph.DirectedRelationText(query.DirectedRelation), graph.Entities[query.Answer].Name);

    private static bool Holds(string text, string name)
    {
        for (var at = 0; name.Length > 0 && (at = text.IndexOf(name, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1]))
                && (at + name.Length == text.Length || !char.IsLetterOrDigit(text[at + name.Length])))
                return true;
        return false;
    }
}
