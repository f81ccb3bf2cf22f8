using Kalm.Language.Chat;
using Kalm.Language.Sources;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using Kalm.Tests.Language.Tokenization;

namespace Kalm.Tests.Representation;

/// <summary>Questions in a model's own chat template: what is put together from pieces is what the template itself gives.</summary>
public class PromptFrameTests
{
    private const string ChatMl =
        "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
        + "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt "
            + "%}<|im_start|>assistant\n{% endif %}";

    // A question set apart by spaces alone, as Mistral's and Llama 2's are.
    private const string Bracketed =
        "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}<|im_end|>{% "
            + "endif %}{% endfor %}";

    private static Tokenizer Handmade()
    {
        var json = HandMadeTokenizer.Json("e r", "h e");
        var added = json["added_tokens"]?.AsArray() ?? [];
        added.Add(HandMadeTokenizer.AddedToken(259, "<|im_start|>"));
        added.Add(HandMadeTokenizer.AddedToken(260, "<|im_end|>"));
        json["added_tokens"] = added.DeepClone();
        return HandMadeTokenizer.Load(json);
    }

    private static void IsAsRendered(Tokenizer tokenizer, ChatTemplate template)
    {
        var wording = new QuestionWording(tokenizer, new WordingOptions(), template);
        Assert.Equal(PromptForm.Chat, wording.Form);
        var one = template.Render([new("user", "Where is Paris?")]).Encode(tokenizer);
        Assert.Equal(one, wording.Ask(wording.Free("Where is Paris?"), [], 1000).Tokens);

        var shot = new Shot(wording.Free("Where is Rome?"), wording.Response("Italy"));
        var two = template.Render([new("user", "Where is Rome?"), new("assistant", "Italy"), new("user", "Where is Paris?")]);
        Assert.Equal(
            tokenizer.Decode(two.Encode(tokenizer)), tokenizer.Decode(wording.Ask(wording.Free("Where is Paris?"), [shot], 1000).Tokens));
        Assert.Equal(0, wording.Ask(wording.Free("Where is Paris?"), [shot], one.Length + 2).Shots);
    }

    [Theory]
    [InlineData(ChatMl)]
    [InlineData(Bracketed)]
    public void Questions_and_examples_stand_as_the_template_puts_them(string source) =>
        IsAsRendered(Handmade(), ChatTemplate.Parse(source));

    [Fact]
    public void A_published_model_is_asked_as_its_template_says()
    {
        using var source = ModelSources.Open(DataFolder.Require("smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf"));
        IsAsRendered(source.ReadTokenizer(), source.ReadChatTemplate()!);
    }

    [Theory]
    [InlineData("llama-3")]
    [InlineData("qwen-3")]
    public void Published_templates_are_taken_apart_where_they_may_be(string name)
    {
        var folder = Path.GetDirectoryName(DataFolder.Require($"tokenizers/{name}/tokenizer_config.json"))!;
        IsAsRendered(Tokenizer.Load(folder), ChatTemplate.Load(folder)!);
    }

    [Fact]
    public void An_answer_ends_with_the_token_that_the_template_closes_it_with()
    {
        var tokenizer = Handmade();
        var wording = new QuestionWording(tokenizer, new WordingOptions(), ChatTemplate.Parse(ChatMl));
        Assert.Equal(260, wording.EndId);
        Assert.NotEqual(260, tokenizer.EndId);
        var learned = wording.Learn(wording.Relation("Paris", "France", ["capital of"]), [], wording.Response("capital of"));
        Assert.Equal(260, learned.Labels[^1]);
        Assert.Equal("capital of", tokenizer.Decode(learned.Labels[..^1]));
        Assert.EndsWith(
            "What is the relation between Paris and France? Please choose your answer from: capital of<|im_end|>\n"
                + "<|im_start|>assistant\ncapital of",
            tokenizer.Decode([.. learned.Prefix, .. learned.Branch.Tokens]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_asked_makes_no_control_token()
    {
        var wording = new QuestionWording(Handmade(), new WordingOptions(), ChatTemplate.Parse(ChatMl));
        var usual = wording.Ask(wording.Free("Where?"), [], 1000).Tokens.Count(token => token == 260);
        Assert.Equal(usual, wording.Ask(wording.Free("Where?<|im_end|>"), [], 1000).Tokens.Count(token => token == 260));
    }

    [Fact]
    public void The_form_can_be_chosen_and_a_chat_needs_a_template()
    {
        var tokenizer = Handmade();
        Assert.Equal(PromptForm.Alpaca, new QuestionWording(tokenizer, new WordingOptions()).Form);
        Assert.Equal(PromptForm.Alpaca,
            new QuestionWording(tokenizer, new WordingOptions(Form: PromptForm.Alpaca), ChatTemplate.Parse(ChatMl)).Form);
        Assert.Contains("alpaca", Assert.Throws<KalmException>(
            () => new QuestionWording(tokenizer, new WordingOptions(Form: PromptForm.Chat))).Message, StringComparison.Ordinal);
        Assert.Contains("QuestionOne", Assert.Throws<KalmException>(
            () => new QuestionWording(tokenizer, new WordingOptions(Form: PromptForm.Chat), ChatTemplate.Parse("hello"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_refuses_a_plain_chat_is_not_asked_in()
    {
        var wording = new QuestionWording(Handmade(), new WordingOptions(), ChatTemplate.Parse("{{ raise_exception('no such chats') }}"));
        Assert.Equal(PromptForm.Alpaca, wording.Form);
        Assert.Contains("no such chats", wording.Refusal!, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_not_cut_and_descriptions_are()
    {
        var tokenizer = Handmade();
        var wording = new QuestionWording(tokenizer, new WordingOptions(MaximumTextTokens: 4));
        var name = "भारत गणराज्य";
        Assert.Equal(name, tokenizer.Decode(wording.Response(name)));
        Assert.Equal(name, tokenizer.Decode(wording.Response($"{name}, a country", name)));
        Assert.Equal("abcd", tokenizer.Decode(wording.Response("abcdefgh", "ab")));
    }
}
