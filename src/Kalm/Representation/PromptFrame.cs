using Kalm.Language.Chat;
using Kalm.Language.Tokenization;

namespace Kalm.Representation;

/// <summary>How a question is set apart from its answer.</summary>
public enum PromptForm
{
    /// <summary>The headings of Stanford Alpaca, which the KaLM paper (arXiv 2412.04948) takes.</summary>
    Alpaca,

    /// <summary>The model's own chat template: a question is what the user says, examples are earlier turns.</summary>
    Chat,
}

/// <summary>What stands around questions and answers, in tokens.</summary>
/// <param name="Opening">Before the first question.</param>
/// <param name="Lead">What a question's own text begins with.</param>
/// <param name="Answer">Between a question and its answer.</param>
/// <param name="AnswerLead">What an answer's own text begins with.</param>
/// <param name="Next">Behind an answer, before the next question.</param>
/// <param name="EndId">The token that ends an answer; null where the tokenizer names none.</param>
internal sealed record PromptFrame(int[] Opening, string Lead, int[] Answer, string AnswerLead, int[] Next, int? EndId)
{
    private const string Heading = "### Instruction:\n";

    // No template changes these words, and none contains them.
    private static readonly string[] Said = ["QuestionOne", "AnswerOne", "QuestionTwo"];

    // Some templates tell the date. What is learned one day is asked another, so it is always this one (Llama 3's own where no clock is).
    private static readonly DateTimeOffset Today = new(2024, 7, 26, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The paper's headings.</summary>
    public static PromptFrame Alpaca(Tokenizer tokenizer)
    {
        var heading = tokenizer.Encode(Heading);
        return new(tokenizer.Begin(heading), "", tokenizer.EncodeContinuation("\n\n### Response:\n"), "",
            [.. tokenizer.EncodeContinuation("\n\n"), .. heading], tokenizer.EndId);
    }

    /// <summary>Why a template cannot be asked in; null where it can.</summary>
    public static string? RefusalOf(ChatTemplate template)
    {
        try
        {
            Render(template);
            return null;
        }
        catch (KalmException error)
        {
            return error.Message;
        }
    }

    /// <summary>What a chat template puts around what is said.</summary>
    /// <exception cref="KalmException">The template refuses a plain chat, or changes what is said.</exception>
    public static PromptFrame Chat(Tokenizer tokenizer, ChatTemplate template)
    {
        var (single, several) = Render(template);
        // Spaces belong to the words behind them in most vocabularies, so they go along with the question.
        var opening = single[0].TrimEnd(' ');
        var next = tokenizer.EncodeContinuation(several[2].TrimEnd(' '));
        var answerLead = several[1].StartsWith(single[1], StringComparison.Ordinal) ? several[1][single[1].Length..] : "";
        return new(
            tokenizer.Encode(opening), single[0][opening.Length..], tokenizer.EncodeContinuation(single[1]),
            string.IsNullOrWhiteSpace(answerLead) ? answerLead : "", next, EndOf(tokenizer, next) ?? tokenizer.EndId);
    }

    private static (List<string> Single, List<string> Several) Render(ChatTemplate template)
    {
        ChatTurn[] turns = [new("user", Said[0]), new("assistant", Said[1]), new("user", Said[2])];
        return (Around(template.Render(turns[..1], now: Today).Text, Said[..1]), Around(template.Render(turns, now: Today).Text, Said));
    }

    // The control token that an answer is closed with, where only blanks stand before it.
    private static int? EndOf(Tokenizer tokenizer, int[] next)
    {
        foreach (var token in next)
            if (tokenizer.IsSpecial(token))
                return token;
            else if (!string.IsNullOrWhiteSpace(tokenizer.DecodeContinuation([token])))
                return null;
        return null;
    }

    private static List<string> Around(string chat, string[] said)
    {
        var around = new List<string>();
        var at = 0;
        foreach (var words in said)
        {
            var found = chat.IndexOf(words, at, StringComparison.Ordinal);
            if (found < 0)
                throw new KalmException($"chat_template: a chat does not hold what was said in it, '{words}'; expected a template that "
                    + "repeats it, or the wording alpaca");
            around.Add(chat[at..found]);
            at = found + words.Length;
        }
        around.Add(chat[at..]);
        return around;
    }
}
