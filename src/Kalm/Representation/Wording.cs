using System.Text.Json.Serialization;
using Kalm.Graph;
using Kalm.Language.Chat;
using Kalm.Language.Execution;
using Kalm.Language.Tokenization;

namespace Kalm.Representation;

/// <summary>Which strings stand for a query and an entity.</summary>
public enum WordingStyle
{
    /// <summary>Both views begin with the description: <c>D }</c> and <c>D, relation ]</c>, so that they share its encoding.</summary>
    DescriptionFirst,

    /// <summary>The strings of the KaLM paper (arXiv 2412.04948): <c>{ D }</c> and <c>[ D, relation ]</c>, tokenised as a whole.</summary>
    Compat,
}

/// <summary>What the tokens of a description see of it when its views are encoded. Prompts are causal whatever is chosen here.</summary>
public enum DescriptionAttention
{
    /// <summary>What lies before them, as when the model writes.</summary>
    Causal,

    /// <summary>All of it, as in a prefix language model (arXiv 1910.10683).</summary>
    Prefix,
}

/// <summary>What decides a wording besides the texts; stored with every aligned model.</summary>
/// <param name="Style">The strings.</param>
/// <param name="MaximumTextTokens">A description is cut to this many tokens.</param>
/// <param name="MaximumPromptTokens">A prompt with its response is cut to this many tokens, at the description.</param>
/// <param name="Form">How questions are set apart from their answers; null takes the model's chat template where it has one.</param>
/// <param name="Attention">What a description's tokens see of it in its views; null for causal.</param>
public sealed record WordingOptions(
    WordingStyle Style = WordingStyle.DescriptionFirst, int MaximumTextTokens = 50, int MaximumPromptTokens = 256, PromptForm? Form = null,
    // Left out, so that what was stored before it was there has the key that it had.
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DescriptionAttention? Attention = null);

/// <summary>A prompt for triple completion and the response to learn.</summary>
/// <param name="Prefix">The part that all prompts share.</param>
/// <param name="Branch">The rest of the prompt and the response without its last token; read where a response token follows.</param>
/// <param name="Labels">The response's tokens with the end token, one for each read.</param>
public sealed record CompletionPrompt(int[] Prefix, Branch Branch, int[] Labels)
{
    /// <summary>How many tokens at the beginning of the branch are the text of what is asked about.</summary>
    public int SubjectTokens { get; init; }

    /// <summary>How many of the labels, the first ones, tell the response from every other that could be given; the rest follows from
    /// them. All of them where nothing is known of the others.</summary>
    public int DecisiveTokens { get; init; } = Labels.Length;

    /// <summary>The text of what is asked about.</summary>
    internal ReadOnlySpan<int> Subject => Branch.Tokens.AsSpan(0, SubjectTokens);

    /// <summary>The same prompt, the text of what is asked about in the part that is shared.</summary>
    public CompletionPrompt WithSubjectInPrefix() => new(
        [.. Prefix, .. Subject], new Branch(Branch.Tokens[SubjectTokens..], Branch.FirstRead - SubjectTokens), Labels)
    {
        DecisiveTokens = DecisiveTokens,
    };
}

/// <summary>Every wording of the method, in one place: training, ranking and questions build their token ids here and so cannot disagree.
/// Pieces are tokenised apart and their ids concatenated, never tokenised again, so the two views of an entity share their prefix
/// exactly.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948.</remarks>
public sealed class Wording
{
    private readonly Tokenizer tokenizer;
    private readonly int[] entityEnd;
    private readonly int[] queryEnd;

    /// <summary>Prepares the fixed pieces.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="options">The style, the form of questions and the limits.</param>
    /// <param name="template">The model's chat template; null where it has none.</param>
    /// <exception cref="KalmException">Questions have the form of a chat, and the template is missing or cannot be used.</exception>
    public Wording(Tokenizer tokenizer, WordingOptions options, ChatTemplate? template = null)
    {
        this.tokenizer = tokenizer;
        entityEnd = tokenizer.EncodeContinuation(" }");
        queryEnd = tokenizer.EncodeContinuation(" ]");
        Questions = new QuestionWording(tokenizer, options, template);
        Options = options with { Form = Questions.Form };
    }

    /// <summary>The style, the form of questions, which is known here, and the limits.</summary>
    public WordingOptions Options { get; }

    /// <summary>How the model is asked in words.</summary>
    public QuestionWording Questions { get; }

    /// <summary>The ids of a description, cut to the limit, with no opening token.</summary>
    public int[] Description(string text)
    {
        var tokens = tokenizer.Encode(text);
        return tokens.Length <= Options.MaximumTextTokens ? tokens : tokens[..Options.MaximumTextTokens];
    }

    /// <summary>The ids of a text of any length, with no opening token: those of <see cref="Description"/> where that cuts
    /// nothing.</summary>
    public int[] Text(string text) => tokenizer.Encode(text);

    /// <summary>How many tokens the model reads for the longest view of a request, with what opens and closes the text.</summary>
    public int LengthOf(ViewRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Views(request.Description, request.WithEntityView, request.Relations).Max(tree => tree.LongestText);
    }

    /// <summary>The ids of <c>, relation text</c>, never cut.</summary>
    public int[] Relation(string text) => tokenizer.EncodeContinuation(", " + text);

    /// <summary>The tree of one entity: its own view and the queries that start from it.</summary>
    /// <param name="description">From <see cref="Description"/>.</param>
    /// <param name="withEntityView">Whether the entity view is wanted; it is the first branch.</param>
    /// <param name="relations">From <see cref="Relation"/>, a branch each.</param>
    /// <returns>One tree, or in the compat style one tree a view, in the same order.</returns>
    public IEnumerable<TextTree> Views(int[] description, bool withEntityView, IReadOnlyList<int[]> relations)
    {
        if (Options.Style == WordingStyle.Compat)
            return CompatViews(description, withEntityView, relations);
        var branches = new List<Branch>(relations.Count + 1);
        if (withEntityView)
            branches.Add(Branch.ReadAtEnd(entityEnd));
        foreach (var relation in relations)
            branches.Add(Branch.ReadAtEnd([.. relation, .. queryEnd]));
        return [new TextTree(tokenizer.Begin(description), branches)
        {
            SeesWholePrefix = Options.Attention == DescriptionAttention.Prefix,
        }];
    }

    private IEnumerable<TextTree> CompatViews(int[] description, bool withEntityView, IReadOnlyList<int[]> relations)
    {
        var text = tokenizer.Decode(description);
        if (withEntityView)
            yield return Whole($"{{ {text} }}");
        foreach (var relation in relations)
            yield return Whole($"[ {text}{tokenizer.DecodeContinuation(relation)} ]");

        TextTree Whole(string view) => new([], [Branch.ReadAtEnd(tokenizer.Begin(tokenizer.Encode(view)))]);
    }

    /// <summary>The ids of a fact in few words behind a description: <c>, relation text name</c>.</summary>
    /// <param name="relation">The relation's text in the direction read.</param>
    /// <param name="name">The name of the other entity.</param>
    /// <param name="nameTokens">The name is cut to this many tokens.</param>
    public int[] Fact(string relation, string name, int nameTokens)
    {
        var words = tokenizer.EncodeContinuation(" " + name);
        return [.. Relation(relation), .. words.Length <= nameTokens ? words : words[..nameTokens]];
    }

    /// <summary>The tree from which a verdict on each candidate of a query is read: <c>D facts, relation ]</c>, behind which
    /// <c>D facts }</c> of every candidate is a branch read at its end.</summary>
    /// <param name="entity">The ids of the description of the query's entity, then of facts about it.</param>
    /// <param name="relation">From <see cref="Relation"/>.</param>
    /// <param name="candidates">The same of each candidate as of the entity.</param>
    public TextTree Verdicts(int[] entity, int[] relation, IEnumerable<int[]> candidates) => new(
        tokenizer.Begin([.. entity, .. relation, .. queryEnd]),
        [.. candidates.Select(candidate => Branch.ReadAtEnd([.. candidate, .. entityEnd]))]);

    /// <summary>The prompt that asks for the tail of a query, and the response to learn.</summary>
    /// <param name="description">The query entity's description, from <see cref="Description"/>.</param>
    /// <param name="relation">From <see cref="Relation"/>.</param>
    /// <param name="answer">The answer's text, beginning with its name.</param>
    /// <exception cref="KalmException">The tokenizer has no end token.</exception>
    public CompletionPrompt Completion(int[] description, int[] relation, string answer) =>
        Questions.Learn(Questions.Completion(description, relation), [], Questions.Response(answer));

    /// <summary>The text that a response gives for an entity: its description, which begins with its name; else name and
    /// description.</summary>
    public static string Answer(Entity entity) =>
        entity.Description.StartsWith(entity.Name, StringComparison.Ordinal) ? entity.Description : $"{entity.Name}, {entity.Description}";

    /// <summary>The two views and the prompt of a triple as text, for people.</summary>
    public static (string EntityView, string QueryView, string Prompt, string Response) InWords(
        string description, string relation, string answer, WordingStyle style = WordingStyle.DescriptionFirst) => (
        style == WordingStyle.Compat ? $"{{ {description} }}" : $"{description} }}",
        style == WordingStyle.Compat ? $"[ {description}, {relation} ]" : $"{description}, {relation} ]",
        $"### Instruction:\n{QuestionWording.Instruction}\n\n### Input:\n{description}, {relation}\n\n### Response:\n",
        answer);
}
