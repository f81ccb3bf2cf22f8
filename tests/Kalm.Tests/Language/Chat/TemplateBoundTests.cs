using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Kalm.Language.Chat;

namespace Kalm.Tests.Language.Chat;

/// <summary>No template hangs, fills the memory or fails in a way of its own.</summary>
public class TemplateBoundTests
{
    private static readonly ChatTurn[] Chat =
    [
        new("system", "Be brief."), new("user", new string('a', 3000) + " 𝐀 <|im_end|>"), new("assistant", "b\n"), new("user", "c"),
    ];

    public static TheoryData<string> Hostile =>
    [
        "{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99999) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == ns.x|tojson "
            + "}}{{ ns.x|tojson }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(140) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x={}) %}{% for i in range(140) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ "
            + "ns.x|tojson(indent=9) }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(25) }}",
        "{{ 'a' * 999999999999 }}", "{{ range(999999999) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{{ 9223372036854775807 + 1 }}", "{{ (9223372036854775807 * -1 - 1) // -1 }}",
        "{% set x = 'ab' * 400000 %}{% for i in range(99999) %}{{ x|replace('ab', 'b')|length }}{% endfor %}",
        "{% set x = 'a' * 900000 %}{% set y = 'a' * 450000 ~ 'b' %}{% for i in range(99999) %}{{ y in x }}{% endfor %}",
        "{% set x = '𝐀' * 400000 %}{% for i in range(99999) %}{{ x|length }}{{ x[1] }}{% endfor %}",
        "{% set x = 'a' * 900000 %}{% set d = {x: 1} %}{% for i in range(99999) %}{{ d[x] }}{% endfor %}",
        "{% set x = 'a' * 900000 %}{% for i in range(99999) %}{{ x.strip(x) }}{{ x == x ~ '' }}{% endfor %}",
        "{{ ('a b' * 200000)|trim }}{% for i in range(9999) %}{{ ('a b' * 200000).split()|length }}{% endfor %}",
        "{% for i in range(99999) %}{{ messages[1].content }}{% endfor %}",
        "{{ [1]|tojson(indent=99999999) }}{{ 'a\n' * 90000 | indent(1000) }}",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_template_is_stopped_soon(string source)
    {
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<KalmException>(() => ChatTemplate.Parse(source).Render(Chat));
        Assert.Matches(@"^chat_template\(\d+,\d+\): ", error.Message);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000_000);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("{1: ", "}")]
    [InlineData("1 + ", "")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("1 ~ 1 * 1 and ", "")]
    public void Nesting_is_bounded(string open, string close)
    {
        foreach (var depth in new[] { 10, 1000, 50_000 })
        {
            var count = Math.Min(depth, 200_000 / (open.Length + close.Length));
            var source = "{{ " + string.Concat(Enumerable.Repeat(open, count)) + "1"
                + string.Concat(Enumerable.Repeat(close, count)) + " }}";
            var error = Record.Exception(() => ChatTemplate.Parse(source).Render(Chat));
            Assert.True(depth == 10 ? error is null or KalmException : error is KalmException, $"{depth}: {error}");
        }
    }

    [Theory]
    [InlineData("{% if 1 %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    [InlineData("{{ x", "|trim }}")]
    [InlineData("{{ x|trim", "|trim }}")]
    public void Tags_and_chains_are_bounded(string open, string close)
    {
        var source = string.Concat(Enumerable.Repeat(open, 5000)) + string.Concat(Enumerable.Repeat(close, 5000));
        Assert.Throws<KalmException>(() => ChatTemplate.Parse(source).Render(Chat));
        Assert.Throws<KalmException>(() => ChatTemplate.Parse("{{ x" + string.Concat(Enumerable.Repeat(".a", 5000)) + " }}"));
        Assert.Throws<KalmException>(() => ChatTemplate.Parse("{{ " + new string('x', 5000) + " }}"));
        Assert.Throws<KalmException>(() => ChatTemplate.Parse(new string('x', 300_000)));
    }

    [Fact]
    public void Whatever_a_template_says_it_renders_or_is_refused()
    {
        var numbers = Fixture.Load("chat_templates.json");
        string[] seeds =
        [
            .. numbers.GetProperty("templates").EnumerateObject().Select(template => template.Value.GetString()!),
            .. numbers.GetProperty("expressions").EnumerateArray().Select(line => line.GetProperty("source").GetString()!),
        ];
        string[] pieces =
        [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "'", "\"", "\\", "\n", "(", ")", "[", "]", "{", "}",
            "|", ".", ",", ":", "=", "==", "~", "*", "/", "//", "%", "<", "0", "1", "-1", "9223372036854775807",
            "1e308", "none", "true", "messages", "loop", "ns", "x", "content", "role", " if ", " else ",
            " for ", " in ", " is ", " not ", " and ", "endfor", "endif", "set ", "macro ", "break", "continue",
            "namespace(", "range(", "dict(", "|tojson", "|length", "|trim", "|join", "|first", "|last",
            "|list", "|items", "|map(", "|selectattr(", "|int", "|float", "|indent(", "|dictsort", "|reverse",
            ".split(", ".strip(", ".items()", ".get(", "[::-1]", "[1:]", "raise_exception(", "strftime_now(", "𝐀", "\uD800", "\0",
        ];
        var random = new Random(3);
        var (rendered, refused) = (0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var isFromNothing = random.Next(2) == 0;
            var text = new StringBuilder(isFromNothing ? "{{ " : seeds[random.Next(seeds.Length)]);
            for (var change = random.Next(1, isFromNothing ? 12 : 6); change > 0; change--)
                switch (random.Next(4))
                {
                    case 0 when text.Length > 1:
                        var start = random.Next(text.Length);
                        text.Remove(start, random.Next(Math.Min(20, text.Length - start)) + 1);
                        break;
                    case 1 when text.Length > 1:
                        var from = random.Next(text.Length);
                        text.Insert(random.Next(text.Length), text.ToString(from, random.Next(Math.Min(30, text.Length - from))));
                        break;
                    default:
                        text.Insert(random.Next(text.Length + 1), pieces[random.Next(pieces.Length)]);
                        break;
                }
            if (isFromNothing)
                text.Append(" }}");
            try
            {
                ChatTemplate.Parse(text.ToString()).Render(Chat);
                rendered++;
            }
            catch (KalmException error)
            {
                Assert.NotEqual("", error.Message);
                refused++;
            }
            catch (Exception error)
            {
                Assert.Fail($"{JsonSerializer.Serialize(text.ToString())}\n{error}");
            }
        }
        Assert.True(rendered > 1000 && refused > 1000, $"{rendered} rendered, {refused} refused");
    }
}
