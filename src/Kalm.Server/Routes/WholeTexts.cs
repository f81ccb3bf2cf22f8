using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server.Routes;

/// <summary>Reads the texts of requests for vectors: whole, in the wording of the entities' texts. One that the model's context does not
/// hold is refused; nothing is cut that the client did not ask to be cut.</summary>
/// <param name="model">The model; only its tokenizer and its wording are used.</param>
/// <param name="limits">What one client may ask for.</param>
internal sealed class WholeTexts(LoadedModel model, ServerLimits limits)
{
    /// <summary>The view of a text.</summary>
    /// <param name="param">The field of the request.</param>
    /// <param name="place">Where in the field the text stands, for people.</param>
    /// <param name="text">The text.</param>
    /// <param name="relations">Empty for the view of an entity; one relation of no token for that of a question.</param>
    /// <param name="most">To how many tokens the client asks to cut the text; null for none.</param>
    /// <exception cref="ApiException">It holds no token, or more than the context has room for.</exception>
    public ViewRequest View(string param, string place, string text, IReadOnlyList<int[]> relations, int? most = null)
    {
        if (text.Length > limits.TextCharacters)
            throw ApiException.Bad(
                param, $"{place}: found {text.Length} characters; expected at most {limits.TextCharacters}", "text_too_long");
        var tokens = model.Wording.Text(text);
        if (tokens.Length == 0)
            throw ApiException.Bad(param, $"{place}: found an empty text; expected one of at least one token");
        return View(param, place, most < tokens.Length ? tokens[..most.Value] : tokens, relations);
    }

    /// <summary>The view of a text by its tokens.</summary>
    /// <inheritdoc cref="View(string, string, string, IReadOnlyList{int[]}, int?)"/>
    public ViewRequest View(string param, string place, int[] tokens, IReadOnlyList<int[]> relations)
    {
        var view = new ViewRequest(tokens, relations.Count == 0, relations);
        var (length, context) = (model.Wording.LengthOf(view), model.Model.Config.ContextLength);
        return length <= context ? view : throw ApiException.Bad(
            param, $"{place}: found {tokens.Length} tokens; expected at most {context - length + tokens.Length}: this model's maximum "
                + $"context length is {context} tokens, {length - tokens.Length} of which its wording takes", "context_length_exceeded");
    }

    /// <summary>How many tokens a text may have in a view.</summary>
    /// <param name="relations">As for <see cref="View(string, string, string, IReadOnlyList{int[]}, int?)"/>.</param>
    public int Room(IReadOnlyList<int[]> relations) =>
        model.Model.Config.ContextLength - model.Wording.LengthOf(new ViewRequest([], relations.Count == 0, relations));
}
