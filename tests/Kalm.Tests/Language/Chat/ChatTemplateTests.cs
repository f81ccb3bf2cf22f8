using System.Globalization;
using System.Text.Json;
using Kalm.Language.Chat;

namespace Kalm.Tests.Language.Chat;

/// <summary>Templates are rendered as Jinja2 renders them (Fixtures/chat_templates.py), and those that cannot be are refused.</summary>
public class ChatTemplateTests
{
    private static readonly JsonElement Numbers = Fixture.Load("chat_templates.json");

    private static readonly DateTimeOffset Now = new(
        DateTime.Parse(Numbers.GetProperty("now").GetString()!, CultureInfo.InvariantCulture), TimeSpan.Zero);

    private static (string, string)[] Tokens =>
        [.. Numbers.GetProperty("tokens").EnumerateObject().Select(token => (token.Name, token.Value.GetString()!))];

    private static string Render(string source, params ChatTurn[] turns) =>
        ChatTemplate.Parse(source, tokens: Tokens).Render(turns, true, Now).Text;

    [Fact]
    public void Templates_of_published_models_give_what_Jinja2_gives()
    {
        var (same, refused) = (0, 0);
        foreach (var expected in Numbers.GetProperty("rendered").EnumerateArray())
        {
            var name = expected.GetProperty("template").GetString()!;
            var chat = expected.GetProperty("chat").GetString()!;
            var template = ChatTemplate.Parse(Numbers.GetProperty("templates").GetProperty(name).GetString()!, name, Tokens);
            ChatTurn[] turns = [.. Numbers.GetProperty("chats").GetProperty(chat).EnumerateArray()
                .Select(turn => new ChatTurn(turn[0].GetString()!, turn[1].GetString()!))];
            if (expected.TryGetProperty("text", out var text))
            {
                var found = template.Render(turns, expected.GetProperty("asks").GetBoolean(), Now).Text;
                Assert.True(text.GetString() == found, $"{name}, {chat}:\n{found}\nexpected\n{text.GetString()}");
                same++;
            }
            else
            {
                Assert.Contains(
                    $"{name}(", Assert.Throws<KalmException>(() => template.Render(turns, true, Now)).Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.Equal((156, 12), (same, refused));
    }

    [Fact]
    public void Expressions_and_tags_give_what_Jinja2_gives()
    {
        var other = new List<string>();
        foreach (var expected in Numbers.GetProperty("expressions").EnumerateArray())
        {
            var source = expected.GetProperty("source").GetString()!;
            var found = Render(source);
            if (expected.GetProperty("text").GetString() != found)
                other.Add($"{source}\nfound\n{found}\nexpected\n{expected.GetProperty("text").GetString()}");
        }
        Assert.True(other.Count == 0, string.Join("\n\n", other));
    }

    [Fact]
    public void What_Jinja2_refuses_is_refused_with_its_place()
    {
        foreach (var fault in Numbers.GetProperty("faults").EnumerateArray().Select(fault => fault.GetProperty("source").GetString()!))
        {
            var error = Record.Exception(() => Render(fault));
            Assert.True(error is KalmException, $"{fault}: {error?.GetType().Name ?? "rendered"}");
            Assert.Matches(@"^chat_template\(\d+,\d+\): ", error!.Message);
        }
    }

    [Theory]
    [InlineData("a\n {% include 'x' %}", "(2,5)", "tag 'include'")]
    [InlineData("{% extends 'x' %}", "(1,4)", "tag 'extends'")]
    [InlineData("{% call m() %}{% endcall %}", "(1,4)", "tag 'call'")]
    [InlineData("{{ 1|pprint }}", "(1,6)", "filter 'pprint'")]
    [InlineData("{{ 1 is escaped }}", "(1,9)", "test 'escaped'")]
    [InlineData("{{ messages.append(1) }}", "(1,12)", "method 'append'")]
    [InlineData("{{ ''.__class__.__mro__() }}", "(1,16)", "method '__mro__'")]
    [InlineData("{{ f(*a) }}", "(1,6)", "'*'")]
    [InlineData("{% for a in b recursive %}{% endfor %}", "(1,15)", "'recursive'")]
    [InlineData("{{ 2 ** 3 }}", "(1,6)", "'**'")]
    public void What_is_not_supported_is_named_when_the_template_is_read(string source, string place, string construct)
    {
        var message = Assert.Throws<KalmException>(() => ChatTemplate.Parse(source)).Message;
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains(construct, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ lipsum() }}", "function 'lipsum'")]
    [InlineData("{% for x in [1] %}{{ loop.cycle }}{% endfor %}", "loop.cycle")]
    [InlineData("{{ strftime_now('%Q') }}", "%Q")]
    [InlineData("{{ [1]|map('pprint')|list }}", "filter 'pprint'")]
    [InlineData("{{ [1]|select('escaped')|list }}", "test 'escaped'")]
    public void What_only_shows_when_it_is_used_is_named_then(string source, string construct) =>
        Assert.Contains(construct, Assert.Throws<KalmException>(() => Render(source)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_folders_template_is_found_where_transformers_finds_it()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatTemplate.Load(folder.Path));
        folder.Write(
            "tokenizer_config.json",
            """{"eos_token": {"content": "</s>"}, "bos_token": null, """
                + "\"chat_template\": \"{{ bos_token }}{{ messages[0].content }}{{ eos_token }}\"}");
        Assert.Equal("hi</s>", Text());
        folder.Write("tokenizer_config.json",
            """{"chat_template": [{"name": "tool_use", "template": "{{ 1|no }}"}, {"name": "default", "template": "D"}]}""");
        Assert.Equal("D", Text());
        folder.Write("chat_template.jinja", "file {{ messages|length }}\n");
        Assert.Equal("file 1", Text());
        folder.Write("chat_template.jinja", "\n{% include 'x' %}");
        Assert.StartsWith("chat_template.jinja(2,4): ", Assert.Throws<KalmException>(Text).Message, StringComparison.Ordinal);
        File.Delete(folder.File("chat_template.jinja"));
        foreach (var bad in new[] { "{", "[]", """{"chat_template": 7}""", """{"chat_template": []}""", """{"chat_template": "\ud800"}""" })
        {
            folder.Write("tokenizer_config.json", bad);
            Assert.Contains("tokenizer_config.json", Assert.Throws<KalmException>(Text).Message, StringComparison.Ordinal);
        }

        string Text() => ChatTemplate.Load(folder.Path)!.Render([new ChatTurn("user", "hi")]).Text;
    }
}
