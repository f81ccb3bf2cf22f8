using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Tests.Representation;

public class QuestionWordingTests
{
    private static readonly Tokenizer Bytes = Tokenizer.Train(["any text"], 257);
    private readonly QuestionWording wording = new(Bytes, new WordingOptions(MaximumPromptTokens: 400));

    [Fact]
    public void Questions_read_as_the_method_words_them()
    {
        Assert.Equal(
            "### Instruction:\nWhat is the relation between Paris and France? Please choose your answer from: capital of, part "
                + "of\n\n### Response:\n",
            Text(wording.Relation("Paris", "France", ["capital of", "part of"])));
        Assert.Equal(
            "### Instruction:\nIs this true: Paris capital of France? Please choose your answer from: \"Yes, this is true\" or \"No, this "
                + "is not true\"\n\n### Response:\n",
            Text(wording.Classification("Paris", "capital of", "France")));
        Assert.Equal("### Instruction:\nWhere is Paris?\n\n### Response:\n", Text(wording.Free("Where is Paris?")));
    }

    [Fact]
    public void Learning_and_asking_share_the_question_and_the_response_ends_with_the_end_token()
    {
        var question = wording.Relation("Paris", "France", ["capital of"]);
        var shots = new[] { new Shot(wording.Relation("Rome", "Italy", ["capital of"]), wording.Response("capital of")) };
        var learned = wording.Learn(question, shots, wording.Response("capital of"));
        var (asked, count) = wording.Ask(question, shots, 1000);

        Assert.Equal(1, count);
        int[] all = [.. learned.Prefix, .. learned.Branch.Tokens];
        Assert.Equal(asked, all[..asked.Length]);
        Assert.Equal([.. wording.Response("capital of"), Bytes.EndId!.Value], learned.Labels);
        Assert.Equal(learned.Labels[..^1], all[asked.Length..]);
        Assert.Equal(asked.Length - 1, learned.Prefix.Length + learned.Branch.FirstRead);
        Assert.Equal("### Instruction:\nWhat is the relation between Rome and Italy? Please choose your answer from: capital of\n\n### "
            + "Response:\ncapital of\n\n"
            + Text(question), Bytes.Decode(asked));
    }

    [Fact]
    public void What_does_not_fit_loses_the_first_examples_and_then_its_texts_evenly()
    {
        var question = wording.Relation("a long name of a head", "tail", ["capital of"]);
        var shots = Enumerable.Range(0, 3).Select(number => new Shot(
            wording.Relation($"head {number}", "tail", ["capital of"]), wording.Response("capital of"))).ToArray();
        var (bare, _) = wording.Ask(question, [], 1000);
        var (two, count) = wording.Ask(question, shots, wording.Ask(question, shots[1..], 1000).Tokens.Length);
        Assert.Equal(2, count);
        Assert.Contains("head 1", Bytes.Decode(two), StringComparison.Ordinal);
        Assert.DoesNotContain("head 0", Bytes.Decode(two), StringComparison.Ordinal);

        var (cut, none) = wording.Ask(question, shots, bare.Length - 6);
        Assert.Equal(0, none);
        Assert.Equal(bare.Length - 6, cut.Length);
        Assert.Contains(" a long name of  and tail?", Bytes.Decode(cut), StringComparison.Ordinal);
        Assert.Throws<KalmException>(() => wording.Ask(question, [], 20));
    }

    private string Text(Prompt prompt) => Bytes.Decode(wording.Ask(prompt, [], 1000).Tokens);
}
