using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Tests.Representation;

public class WordingTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Train(
        ["car, a \"road\" vehicle", "### Instruction: ### Input: ### Response:"], 300);

    [Fact]
    public void Both_views_share_the_description_and_end_in_their_own_marks()
    {
        var wording = new Wording(Tokenizer, new WordingOptions());
        var tree = Assert.Single(wording.Views(wording.Description("a \"car\""), true, [wording.Relation("part of")]));

        Assert.Equal("a \"car\"", Tokenizer.Decode(tree.Prefix));
        Assert.Equal([" }", ", part of ]"], tree.Branches.Select(branch => Tokenizer.Decode(branch.Tokens)));
        Assert.All(tree.Branches, branch => Assert.Equal(branch.Tokens.Length - 1, branch.FirstRead));
    }

    [Fact]
    public void The_description_is_cut_and_the_relation_never()
    {
        var wording = new Wording(Tokenizer, new WordingOptions(MaximumTextTokens: 4));
        Assert.Equal(4, wording.Description("a long description of something").Length);
        Assert.Equal(Tokenizer.Encode(", a long relation of something"), wording.Relation("a long relation of something"));
    }

    [Fact]
    public void Compat_reproduces_the_papers_strings_tokenised_as_a_whole()
    {
        var wording = new Wording(Tokenizer, new WordingOptions(WordingStyle.Compat));
        var views = wording.Views(wording.Description("a car"), true, [wording.Relation("part of")]).ToList();
        Assert.Equal([Tokenizer.Encode("{ a car }"), Tokenizer.Encode("[ a car, part of ]")],
            views.Select(view => Assert.Single(view.Branches).Tokens));
    }

    [Fact]
    public void A_prompt_is_read_exactly_where_a_response_token_follows_and_ends_in_the_end_token()
    {
        var wording = new Wording(Tokenizer, new WordingOptions());
        var prompt = wording.Completion(wording.Description("car, a vehicle"), wording.Relation("has part"), "wheel, round");
        int[] whole = [.. prompt.Prefix, .. prompt.Branch.Tokens];

        Assert.EndsWith("### Response:\nwheel, round", Tokenizer.Decode(whole), StringComparison.Ordinal);
        Assert.Equal(Tokenizer.EndId, prompt.Labels[^1]);
        Assert.Equal("wheel, round", Tokenizer.Decode(prompt.Labels[..^1]));
        Assert.Equal(prompt.Labels.Length, prompt.Branch.Tokens.Length - prompt.Branch.FirstRead);
        Assert.Equal(prompt.Labels[..^1], prompt.Branch.Tokens[(prompt.Branch.FirstRead + 1)..]);
    }

    [Fact]
    public void A_long_description_is_cut_so_that_the_prompt_fits()
    {
        var limit = new WordingOptions(MaximumTextTokens: 200, MaximumPromptTokens: 150);
        var wording = new Wording(Tokenizer, limit);
        var text = string.Concat(Enumerable.Repeat("xyz ", 100));
        var prompt = wording.Completion(wording.Description(text), wording.Relation("has part"), "wheel");
        Assert.Equal(150, prompt.Prefix.Length + prompt.Branch.Tokens.Length + 1);
        Assert.Equal(Tokenizer.EndId, prompt.Labels[^1]);
    }

    [Fact]
    public void Prompts_packed_under_their_instruction_keep_their_labels()
    {
        var wording = new Wording(Tokenizer, new WordingOptions());
        var prompts = new[] { "wheel", "spoke of a wheel", "hub" }
            .Select(answer => wording.Completion(wording.Description("car"), wording.Relation("has part"), answer)).ToList();

        var packed = PromptRows.Pack(prompts);

        Assert.Equal(prompts.SelectMany(prompt => prompt.Labels), packed.Labels.SelectMany(labels => labels));
        Assert.All(packed.Rows.Zip(packed.Labels), pair => Assert.Equal(pair.First.Reads.Length, pair.Second.Length));
        Assert.Equal(
            prompts.SelectMany(prompt => prompt.Labels.Select(_ => 1f / prompt.Labels.Length)), packed.Shares.SelectMany(shares => shares));
    }
}
