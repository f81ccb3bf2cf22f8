using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Language.Generation.Grammar;

namespace Kalm.Tests.Language.Generation.Grammar;

public sealed class PatternTests
{
    [Theory]
    [InlineData("^a+$", "a aaa", "_ b ab aab")]
    [InlineData("a+", "a xax xxa aax", "_ b xyz")]
    [InlineData("^a|b$", "a ax xb b", "_ xa bx")]
    [InlineData("(^a$)|(^b$)", "a b", "_ ab xa")]
    [InlineData("", "_ a", "")]
    [InlineData("^", "_ a", "")]
    [InlineData("$", "_ a", "")]
    [InlineData("^$", "_", "a")]
    [InlineData("\\d+", "1 a1b 123", "_ abc")]
    [InlineData("^[a-z]{2,4}$", "ab abcd", "a abcde AB a1")]
    [InlineData("^(yes|no)$", "yes no", "_ y yesno Yes")]
    [InlineData("^\\d{3}-\\d{4}$", "555-1234", "5551234 555-12345")]
    [InlineData("^(?<year>\\d{4})-(?:0[1-9]|1[0-2])$", "2026-12 1999-01", "2026-13 2026-00")]
    [InlineData("^.$", "a é 😀", "_ ab \n \u2028 😀😀")]
    [InlineData("^[^a]$", "b \n 😀", "a bb")]
    [InlineData("^[\\s\\S]{2}$", "ab \n😀", "a abc")]
    [InlineData("^[😀-😂]+$", "😀 😁😂", "😃 a")]
    [InlineData("^\\ud83d\\ude00$", "😀", "😁")]
    [InlineData("^\\u{1F600}$", "😀", "😁")]
    [InlineData("^[^\\ud800-\\udfff]$", "a 😀", "_")]
    [InlineData("^\\x41\\u0042\\cJ\\0?$", "AB\n AB\n\0", "AB")]
    [InlineData("^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$", "a.b+c@d-e.fr", "a@b @b.c a@b@c.d")]
    [InlineData("^[\\]\\-\\\\^\\b]+$", "]-\\^\b", "[ b")]
    [InlineData("^a{,2}]}$", "a{,2}]}", "a aa")]
    [InlineData("^[]|^x$", "x", "_ a")]
    [InlineData("^(a*)*(|b?)*$", "_ aab b", "c")]
    public void A_pattern_takes_the_texts_that_it_is_found_in(string pattern, string texts, string others)
    {
        var grammar = PatternGrammar.Of(pattern, 0, RepeatNode.Unbounded, "#");
        foreach (var text in Split(texts))
            Assert.True(PatternGrammar.Takes(grammar, text), text);
        foreach (var text in Split(others))
            Assert.False(PatternGrammar.Takes(grammar, text), text);

        // One of the texts is the empty one.
        static IEnumerable<string> Split(string list) => list.Length == 0 ? [] : list.Split(' ').Select(text => text == "_" ? "" : text);
    }

    [Fact]
    public void Patterns_and_texts_at_random_match_as_they_do_elsewhere()
    {
        var random = new Random(5);
        var patterns = new RandomPattern(random);
        var matches = 0;
        for (var number = 0; number < 1000; number++)
        {
            var pattern = patterns.Next();
            var grammar = PatternGrammar.Of(pattern, 0, RepeatNode.Unbounded, "#");
            for (var index = 0; index < 40; index++)
            {
                var text = patterns.Text();
                var isMatch = RandomPattern.IsMatch(text, pattern);
                Assert.True(PatternGrammar.Takes(grammar, text) == isMatch, $"{pattern}\n{text}\n{isMatch}");
                matches += isMatch ? 1 : 0;
            }
        }
        Assert.InRange(matches, 5_000, 30_000);
    }

    [Fact]
    public void A_length_beside_a_pattern_is_kept_to_or_refused()
    {
        var random = new Random(6);
        var patterns = new RandomPattern(random);
        var (kept, refused) = (0, 0);
        for (var number = 0; number < 1000; number++)
        {
            var (pattern, least) = (patterns.Next(), random.Next(3));
            var most = least + random.Next(4);
            GrammarNode grammar;
            try
            {
                grammar = PatternGrammar.Of(pattern, least, most, "#");
            }
            catch (KalmException error)
            {
                Assert.Matches("counts in the pattern|nothing of the length", error.Message);
                refused++;
                continue;
            }
            kept++;
            for (var index = 0; index < 40; index++)
            {
                var text = patterns.Text();
                var isMatch = text.EnumerateRunes().Count() is var length && length >= least && length <= most
                    && RandomPattern.IsMatch(text, pattern);
                Assert.True(PatternGrammar.Takes(grammar, text) == isMatch, $"{pattern} {least} {most}\n{text}\n{isMatch}");
            }
        }
        Assert.True(kept > 200 && refused > 200, $"{kept} {refused}");
    }

    [Theory]
    [InlineData("^[a-z]+$", 2, 3, "ab abc", "a abcd")]
    [InlineData("^x(ab)*$", 2, 6, "xab xabab", "x xababab")]
    [InlineData("^x", 0, 2, "x xy", "xyz")]
    [InlineData("^(a|bb|c+)$", 2, 3, "bb cc ccc", "a c cccc")]
    public void A_part_of_open_length_is_brought_within_the_one_asked_for(string pattern, int least, int most, string texts, string others)
    {
        var grammar = PatternGrammar.Of(pattern, least, most, "#");
        Assert.All(texts.Split(' '), text => Assert.True(PatternGrammar.Takes(grammar, text), text));
        Assert.All(others.Split(' '), text => Assert.False(PatternGrammar.Takes(grammar, text), text));
    }

    [Theory]
    [InlineData("[^\\u0800-\\uffff]", 0x0, 0x7FF, 0x10000, 0x10FFFF)]
    [InlineData("[\\u{80}-\\u{10000}]", 0x80, 0xD7FF, 0xE000, 0x10000)]
    [InlineData("[\\u{1234}-\\u{54321}\\u{10FFFE}]", 0x1234, 0x54321, 0x10FFFE, 0x10FFFE)]
    [InlineData("[^!-\\u{3042}]", 0x0, 0x20, 0x3043, 0x10FFFF)]
    public void A_class_holds_its_characters_and_no_others(string pattern, int first, int last, int second, int end)
    {
        var grammar = PatternGrammar.Of($"^{pattern}$", 0, RepeatNode.Unbounded, "#");
        int[] edges = [first, last, second, end];
        for (var character = 0; character <= 0x10FFFF; character += edges.Any(edge => Math.Abs(edge - character) < 200) ? 1 : 61)
            if (character is < 0xD800 or > 0xDFFF)
                Assert.Equal((character >= first && character <= last) || (character >= second && character <= end),
                    PatternGrammar.Takes(grammar, char.ConvertFromUtf32(character)));
    }

    [Theory]
    [InlineData("(?=a)b", "look-around at character 3")]
    [InlineData("(?<!a)b", "look-around")]
    [InlineData("(a)\\1", "the back-reference \\1 at character")]
    [InlineData("(?<n>a)\\k<n>", "the back-reference \\k")]
    [InlineData("\\bword\\b", "the word boundary \\b")]
    [InlineData("\\p{L}+", "\\p")]
    [InlineData("a^b", "'^' at character 2")]
    [InlineData("(a$|b)c", "'$' at character 3")]
    [InlineData("(?i)a", "(?i")]
    [InlineData("\\q", "\\q")]
    [InlineData("a**", "found *")]
    [InlineData("^*", "an anchor that is repeated")]
    [InlineData("(a", "a group without an end")]
    [InlineData("a)", "a group that is opened before")]
    [InlineData("[a", "a class without an end")]
    [InlineData("[z-a]", "two ends in order")]
    [InlineData("a{3,2}", "{3,2}")]
    [InlineData("a{99999999999}", "a count of 99999999999")]
    [InlineData("\\u{110000}", "10FFFF")]
    [InlineData("\\x4", "2 hexadecimal digits")]
    [InlineData("a\\", "at the end")]
    [InlineData("[]", "matches nothing")]
    [InlineData("^[\\ud800-\\udbff]$", "matches nothing")]
    [InlineData("^((a{0,1000}b){0,1000}c){0,1000}d", "counts of")]
    [InlineData("x[^y]{0,100000}y", "counts of")]
    public void What_is_not_supported_is_refused_by_its_name_and_place(string pattern, string word)
    {
        var message = Assert.Throws<KalmException>(() => PatternGrammar.Of(pattern, 0, RepeatNode.Unbounded, "#/pattern")).Message;
        Assert.StartsWith("#/pattern: found ", message, StringComparison.Ordinal);
        Assert.Contains(word, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_and_lengths_without_measure_are_refused()
    {
        Assert.Contains("at most 100 deep", Refusal(new string('(', 500) + new string(')', 500)), StringComparison.Ordinal);
        Assert.Contains("at most 2000", Refusal(new string('a', 2001)), StringComparison.Ordinal);

        static string Refusal(string pattern) =>
            Assert.Throws<KalmException>(() => PatternGrammar.Of(pattern, 0, RepeatNode.Unbounded, "#")).Message;
    }

    [Theory]
    [InlineData("^[^x]{0,100000}$", 400)]
    [InlineData("^(a?){1000}$", 400)]
    [InlineData("^(a{0,30}b?){0,30}$", 400)]
    [InlineData("(a*)*(a*)*(a|a)*[ab]{0,100}b", 400)]
    [InlineData("^(((((((((((a?)*)?)*)?)*)?)*)?)*)?)*$", 400)]
    public void What_is_written_within_a_large_pattern_costs_little(string pattern, int length)
    {
        var clock = Stopwatch.StartNew();
        var grammar = PatternGrammar.Of(pattern, 0, RepeatNode.Unbounded, "#");
        var shortest = new ShortestEnd(grammar);
        var state = GrammarState.Before(grammar).After((byte)'"');
        for (var index = 0; index < length; index++)
        {
            state = state.After((byte)'a');
            Assert.InRange(shortest.Of(state), 1, 200);
        }
        TestContext.Current.SendDiagnosticMessage($"{pattern}: {state.Stacks.Count} stacks, {clock.ElapsedMilliseconds} ms");
        Assert.InRange(state.Stacks.Count, 1, 2500);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{clock.Elapsed}");
    }

    [Theory]
    [InlineData("""{"enum":["ab","a\"b\\","12",3],"pattern":"^a"}""", "\"ab\" \"a\\\"b\\\\\" 3", "\"12\"")]
    [InlineData("""{"pattern":"^.{2}$"}""", "\"ab\" \"\\\"\\t\" \"\\\\é\"", "\"a\" \"\\u0061b\" \"a\nb\" 12")]
    [InlineData("""{"type":["string","integer"],"pattern":"^a$"}""", "\"a\" 12", "\"b\"")]
    public void A_pattern_is_followed_wherever_it_stands_in_a_schema(string schema, string values, string others)
    {
        var grammar = JsonSchemaGrammar.Compile(JsonNode.Parse(schema));
        Assert.All(values.Split(' '), value => Assert.True(Takes(value), value));
        Assert.All(others.Split(' '), value => Assert.False(Takes(value), value));

        bool Takes(string value) => System.Text.Encoding.UTF8.GetBytes(value)
            .Aggregate(GrammarState.Before(grammar), (state, next) => state.After(next)).IsWhole;
    }

    [Theory]
    [InlineData("""{"pattern":"^a","format":"date"}""", "#/pattern: found 'format' beside it")]
    [InlineData("""{"const":"b","pattern":"^a"}""", "#/const: found nothing")]
    [InlineData("""{"pattern":3}""", "#/pattern: found 3; expected a text")]
    [InlineData("""{"pattern":"^a+b+$","maxLength":9}""", "#/pattern: found minLength or maxLength")]
    public void What_cannot_stand_beside_a_pattern_is_refused(string schema, string message) => Assert.StartsWith(
        message, Assert.Throws<KalmException>(() => JsonSchemaGrammar.Compile(JsonNode.Parse(schema))).Message, StringComparison.Ordinal);
}
