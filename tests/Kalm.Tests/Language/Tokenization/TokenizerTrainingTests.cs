using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

public class TokenizerTrainingTests
{
    private static readonly string[] Texts =
    [
        "land reform, a redistribution of agricultural land", "reform, a change for the better", "the covering of the land",
        "aaaa aaa aa a", "Führer 𝐀𠀀 🦙🦙 naïve naïve", "it's the lands' end",
    ];

    [Fact]
    public void The_most_frequent_pair_is_merged_first_and_of_equals_the_lowest()
    {
        // "abc" three times, "xy" twice: ab and bc tie at 3, and a < b; then ab + c, then xy.
        var tokenizer = Tokenizer.Train(["abc", "abc", "abc", "xy", "xy"], 300);
        Assert.Equal(["ab", "abc", "xy", "<|endoftext|>"], Enumerable.Range(256, 4).Select(tokenizer.Piece));
        Assert.Equal(260, tokenizer.VocabularySize);
        Assert.Equal("!", tokenizer.Piece(0));
        Assert.Null(tokenizer.BeginId);
        Assert.Equal(259, tokenizer.EndId);
    }

    [Fact]
    public void Training_gives_the_same_result_each_time_and_in_any_order_of_texts()
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();
        Tokenizer.Train(Texts, 290).Save(first.Path);
        Tokenizer.Train(Texts.Reverse(), 290).Save(second.Path);
        Assert.Equal(File.ReadAllText(first.File("tokenizer.json")), File.ReadAllText(second.File("tokenizer.json")));
    }

    [Fact]
    public void Counts_kept_up_to_date_give_the_same_merges_as_counting_anew()
    {
        var random = new Random(5);
        for (var round = 0; round < 30; round++)
        {
            string[] texts = [.. Enumerable.Range(0, 12).Select(_ => new string(random.GetItems<char>("ab c", random.Next(1, 14))))];
            var tokenizer = Tokenizer.Train(texts, 280);
            var expected = MergesByCountingAnew(texts, 280 - 257);
            Assert.Equal(expected, Enumerable.Range(256, tokenizer.VocabularySize - 257).Select(tokenizer.Piece));
        }
    }

    [Fact]
    public void A_saved_tokenizer_encodes_as_before()
    {
        using var folder = new TemporaryFolder();
        var trained = Tokenizer.Train(Texts, 300);
        trained.Save(folder.Path);
        var loaded = Tokenizer.Load(folder.Path);
        Assert.Equal(trained.VocabularySize, loaded.VocabularySize);
        Assert.Equal(trained.EndId, loaded.EndId);
        Assert.Null(loaded.BeginId);
        foreach (var text in Texts.Append("unseen words <|endoftext|> 123\n"))
        {
            Assert.Equal(trained.Encode(text), loaded.Encode(text));
            Assert.Equal(text, loaded.Decode(loaded.Encode(text)));
        }
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void The_end_token_is_recognised_and_never_learned_from()
    {
        var tokenizer = Tokenizer.Train(["ab<end>ab<end>", "<end>"], 300, "<end>");
        Assert.Equal(["ab", "<end>"], Enumerable.Range(256, tokenizer.VocabularySize - 256).Select(tokenizer.Piece));
        Assert.Equal([256, tokenizer.EndId!.Value, 256], tokenizer.Encode("ab<end>ab"));
    }

    [Fact]
    public void A_vocabulary_learned_from_WordNet_compresses_it()
    {
        var texts = File.ReadAllLines(DataFolder.Require("wn18rr/entityId2text.dict")).Select(line => line.Split('\t')[1]).ToArray();
        var tokenizer = Tokenizer.Train(texts, 8192);
        Assert.Equal(8192, tokenizer.VocabularySize);
        var tokens = texts.Sum(text => tokenizer.Encode(text).Length);
        Assert.True(texts.Sum(text => text.Length) / (double)tokens > 3.8, $"{tokens} tokens");
    }

    [Theory]
    [InlineData(256, "<end>", "256 tokens")]
    [InlineData(20_000_000, "<end>", "20000000 tokens")]
    [InlineData(300, "", "empty")]
    [InlineData(300, "a", "'a'")]
    public void Impossible_wishes_are_refused(int size, string endOfText, string named) => Assert.Contains(
        named, Assert.Throws<KalmException>(() => Tokenizer.Train(["b c"], size, endOfText)).Message, StringComparison.Ordinal);

    /// <summary>The same training written naively: all pairs counted again before each merge.</summary>
    private static List<string> MergesByCountingAnew(string[] texts, int count)
    {
        var order = ByteAlphabet.OrderedLetters.Select(letter => letter.ToString()).ToList();
        var words = new List<List<string>>();
        foreach (var text in texts)
            for (var rest = text.AsSpan(); rest.Length > 0; rest = rest[WordSplitter.Gpt2(rest)..])
                words.Add([.. rest[..WordSplitter.Gpt2(rest)].ToString().Select(letter => ByteAlphabet.LetterOf((byte)letter).ToString())]);
        while (order.Count < 256 + count)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).CountBy(pair => pair)
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => order.IndexOf(pair.Key.First)).ThenBy(pair => order.IndexOf(pair.Key.Second))
                .FirstOrDefault();
            if (best.Value < 2)
                break;
            var merged = best.Key.First + best.Key.Second;
            if (!order.Contains(merged))
                order.Add(merged);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) != best.Key)
                        continue;
                    word[i] = merged;
                    word.RemoveAt(i + 1);
                }
            }
        }
        return order[256..];
    }
}
