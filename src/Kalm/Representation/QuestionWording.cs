using Kalm.Language.Chat;
using Kalm.Language.Execution;
using Kalm.Language.Tokenization;

namespace Kalm.Representation;

/// <summary>How the model is asked in words: one wording for learning, evaluation, chat and reranking.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948, sections on implicit alignment and question answering. A question about the head is the
/// question about the tail with the inverse relation.</remarks>
public sealed class QuestionWording
{
    /// <summary>The answer that affirms a triple.</summary>
    public const string True = "Yes, this is true";

    /// <summary>The answer that denies a triple.</summary>
    public const string False = "No, this is not true";

    internal const string Instruction = "Given the head entity and relation, write a tail entity that completes the triple";
    private readonly Tokenizer tokenizer;
    private readonly WordingOptions options;
    private readonly PromptFrame frame;
    private readonly int[] completionOpening;
    private readonly int[] relationOpening;
    private readonly int[] classificationOpening;
    private readonly int[] verdicts;

    /// <summary>Prepares the fixed pieces.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="options">The form and the limits.</param>
    /// <param name="template">The model's chat template; null where it has none.</param>
    /// <exception cref="KalmException">The form is that of a chat, and the template is missing or cannot be used.</exception>
    public QuestionWording(Tokenizer tokenizer, WordingOptions options, ChatTemplate? template = null)
    {
        (this.tokenizer, this.options) = (tokenizer, options);
        // A template that refuses a plain chat is none to ask in, unless that was asked for.
        Form = options.Form
            ?? (template is null || (Refusal = PromptFrame.RefusalOf(template)) is not null ? PromptForm.Alpaca : PromptForm.Chat);
        if (Form == PromptForm.Chat)
            Template = template
                ?? throw new KalmException("wording: found the form chat for a model without a chat template; expected alpaca");
        frame = Template is null ? PromptFrame.Alpaca(tokenizer) : PromptFrame.Chat(tokenizer, Template);
        completionOpening = Begun(Instruction + (Template is null ? "\n\n### Input:\n" : ":\n"));
        relationOpening = Begun("What is the relation between");
        classificationOpening = Begun("Is this true:");
        verdicts = tokenizer.EncodeContinuation($"? Please choose your answer from: \"{True}\" or \"{False}\"");
    }

    /// <summary>How questions are set apart from their answers.</summary>
    public PromptForm Form { get; }

    /// <summary>Why the model's chat template is not asked in, though nothing else was asked for; null where it is.</summary>
    public string? Refusal { get; }

    /// <summary>The chat template that questions are put in; null in another form.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>The token that ends an answer; null where the tokenizer names none.</summary>
    public int? EndId => frame.EndId;

    /// <summary>What stands between a question and its answer.</summary>
    public IReadOnlyList<int> Answering => frame.Answer;

    /// <summary>What stands before everything that is asked: the opening tokens, a system's words, the heading of the question.</summary>
    public IReadOnlyList<int> Opening => frame.Opening;

    /// <summary>Asks for the tail of a query.</summary>
    /// <param name="description">The query entity's text, as <see cref="Wording.Description"/> encodes it.</param>
    /// <param name="relation">From <see cref="Wording.Relation"/>.</param>
    public Prompt Completion(int[] description, int[] relation) =>
        new(completionOpening, (description, true), (relation, false), (frame.Answer, false));

    /// <summary>Asks for the relation between two entities.</summary>
    /// <param name="head">The head's text.</param>
    /// <param name="tail">The tail's text.</param>
    /// <param name="choices">The relations' texts to choose from.</param>
    public Prompt Relation(string head, string tail, IEnumerable<string> choices) => new(
        relationOpening, (Mention(head), true), (tokenizer.EncodeContinuation(" and"), false), (Mention(tail), true),
        (tokenizer.EncodeContinuation("? Please choose your answer from: " + string.Join(", ", choices)), false), (frame.Answer, false));

    /// <summary>Asks whether a triple is true.</summary>
    public Prompt Classification(string head, string relation, string tail) => new(
        classificationOpening, (Mention(head), true), (tokenizer.EncodeContinuation(" " + relation), false),
        (Mention(tail), true), (verdicts, false), (frame.Answer, false));

    /// <summary>The ids of words behind <see cref="Opening"/>.</summary>
    internal int[] Words(string words) => Template is null ? tokenizer.Encode(words) : tokenizer.EncodeSaid(frame.Lead + words);

    /// <summary>Asks anything.</summary>
    public Prompt Free(string question) => new(
        [], (Words(question), false), (frame.Answer, false));

    /// <summary>The ids of a response, no end token: cut to the limit of a text, but not in its name, which could not be told from another
    /// then.</summary>
    /// <param name="answer">The response.</param>
    /// <param name="name">What it begins with; null for the whole of it.</param>
    public int[] Response(string answer, string? name = null)
    {
        var ids = Encode(answer);
        // Half of a prompt is left for the question.
        var whole = name is null ? ids.Length : Encode(name).Length;
        var limit = Math.Max(options.MaximumTextTokens, Math.Min(whole, options.MaximumPromptTokens / 2));
        return ids.Length <= limit ? ids : ids[..limit];

        int[] Encode(string text) => Template is null ? tokenizer.Encode(text) : tokenizer.EncodeSaid(frame.AnswerLead + text);
    }

    /// <summary>A whole prompt, ready to be continued: opening token, examples, question. Examples that find no room are left out, the
    /// first ones first; then texts are cut.</summary>
    /// <param name="question">The question.</param>
    /// <param name="shots">Examples, the one next to the question last.</param>
    /// <param name="room">At most so many tokens.</param>
    /// <returns>The ids, and how many examples are among them.</returns>
    /// <exception cref="KalmException">The room is too small for the fixed parts.</exception>
    public (int[] Tokens, int Shots) Ask(Prompt question, IReadOnlyList<Shot> shots, int room)
    {
        var (prefix, kept) = Prefix(question, shots, room - question.Length);
        var rest = question.Fit(room - prefix.Length)
            ?? throw new KalmException($"a question of {prefix.Length + question.Length} tokens does not fit the {room} that the context "
                + "leaves; expected shorter texts or fewer relations");
        return ([.. prefix, .. rest], kept);
    }

    /// <summary>A prompt with the response to learn.</summary>
    /// <param name="question">The question.</param>
    /// <param name="shots">Examples, as for <see cref="Ask"/>.</param>
    /// <param name="response">From <see cref="Response"/>.</param>
    /// <exception cref="KalmException">The tokenizer has no end token, or the limit is too small for the fixed parts.</exception>
    public CompletionPrompt Learn(Prompt question, IReadOnlyList<Shot> shots, int[] response)
    {
        var labels = frame.EndId == tokenizer.EndId ? tokenizer.End(response) : [.. response, frame.EndId!.Value];
        var room = options.MaximumPromptTokens - labels.Length;
        var (prefix, _) = Prefix(question, shots, room - question.Length);
        var rest = question.Fit(room - prefix.Length);
        if (rest is null)
            throw new KalmException(
                $"a prompt with its response needs more than {options.MaximumPromptTokens} tokens, the limit, even with its texts cut; "
                    + "expected a higher maximum_prompt_tokens");
        return new CompletionPrompt(prefix, new Branch([.. rest, .. response], rest.Length - 1), labels)
        {
            SubjectTokens = rest.Length == question.Length ? question.SubjectLength : 0,
        };
    }

    private (int[] Ids, int Shots) Prefix(Prompt question, IReadOnlyList<Shot> shots, int room)
    {
        room -= frame.Opening.Length + question.Opening.Length;
        var kept = new List<int[]>();
        foreach (var shot in shots.Reverse())
        {
            int[] ids = [.. shot.Question.Opening, .. shot.Question.Fit(int.MaxValue)!, .. shot.Response, .. frame.Next];
            if ((room -= ids.Length) < 0)
                break;
            kept.Add(ids);
        }
        kept.Reverse();
        return ([.. frame.Opening, .. kept.SelectMany(ids => ids), .. question.Opening], kept.Count);
    }

    private int[] Begun(string text) => tokenizer.EncodeContinuation(frame.Lead + text);

    private int[] Mention(string text) => Cut(tokenizer.EncodeContinuation(" " + text));

    private int[] Cut(int[] ids) => ids.Length <= options.MaximumTextTokens ? ids : ids[..options.MaximumTextTokens];
}
