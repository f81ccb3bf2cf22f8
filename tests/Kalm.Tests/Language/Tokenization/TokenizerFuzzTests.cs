using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.Patterns;
using Kalm.Tests.Language.Sources;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Damaged tokenizers are read or refused with a <see cref="KalmException"/>, and so are the texts they then encode: no other
/// exception, no more than a second, no more than 64 MB. By default 1 % of the full count:
/// <code>KALM_FUZZ=1000000 dotnet run -c Release --project tests/Kalm.Tests -- -class Kalm.Tests.Language.Tokenization.TokenizerFuzzTests</code>
/// A case that fails names its seed; KALM_FUZZ_SEED=SEED repeats it alone.</summary>
public sealed class TokenizerFuzzTests : IDisposable
{
    private const int DefaultCount = 10_000;
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private const string Text = "Hello  WORLD's 1234 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n\n été<|endoftext|> 你好 \t🦙x";

    private static readonly string[] Patterns =
    [
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        @"[\p{Han}&&[^a-z]]+|(?<=a)b|(?<!\s)c++|(?>d+)e*?|^\s+$|\A\bx\B\z|(?m:.)|[[:alpha:]]{2,3}+",
        @"(a+)+b|(a|a)+c|(?:x{1,30}){1,30}y|(?=(\d{3})+(?!\d))",
        @"\x{1F999}|\u00e9|\h\R\N|[]\-a]|[^\w\d]",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokenizer_files()
    {
        var bytePairs = HandMadeTokenizer.Json("a b", "ab c");
        bytePairs["normalizer"] = JsonNode.Parse(
            """
            {"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":"a+"},"content":"aa"},
            {"type":"Lowercase"}]}
            """);
        bytePairs["pre_tokenizer"] = JsonNode.Parse("""
            {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}|\\s+(?!\\S)"},"behavior":"Isolated","invert":false},
            {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]}
            """);
        var characters = new JsonObject();
        foreach (var letter in "▁abcdeHlo")
            characters[letter.ToString()] = characters.Count + 3;
        var llama = HandMadeTokenizer.LlamaJson(characters, []);
        var unigram = JsonNode.Parse("""
            {"added_tokens":[{"id":0,"content":"<unk>","special":true}],"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},
            "decoder":{"type":"Metaspace","replacement":"▁"},"post_processor":{"type":"BertProcessing","sep":["a",2],"cls":["▁",1]},
            "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["▁",-2],["a",-3.5],["▁Hello",-1e3],["aa",-4]],"byte_fallback":false}}
            """)!;
        var wordPiece = JsonNode.Parse("""
            {"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
            "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":20,"vocab":{"[UNK]":0,"hello":1,"##o":2,"w":3,"!":4}}}
            """)!;
        string[] sound = [.. new JsonNode[] { bytePairs, llama, unigram, wordPiece }.Select(json => json.ToJsonString())];
        Run("tokenizer.json", Count(5), random => JsonMutator.Mutate(random, sound),
            bytes => File.WriteAllBytes(_folder.File("tokenizer.json"), bytes), Use);
    }

    [Fact]
    public void Configurations_beside_it()
    {
        _folder.Write("tokenizer.json", HandMadeTokenizer.Json("a b").ToJsonString());
        string[] sound =
        [
            """{"added_tokens_decoder":{"257":{"content":"<a>","special":true,"lstrip":true},"258":{"content":"<b>"}},"eos_token":"<a>","bos_token":{"content":"<s>"},"extra_special_tokens":{"image_token":"<i>"},"add_prefix_space":true}""",
            """{"additional_special_tokens":["<x>","<y>"],"add_bos_token":true,"add_eos_token":false,"split_special_tokens":true,"pad_token":null}""",
        ];
        Run("tokenizer_config.json", Count(10), random => JsonMutator.Mutate(random, sound),
            bytes => File.WriteAllBytes(_folder.File("tokenizer_config.json"), bytes), Use);
    }

    [Fact]
    public void Split_patterns()
    {
        var pattern = "";
        Run("patterns", Count(1), random =>
        {
            var text = new StringBuilder(Patterns[random.Next(Patterns.Length)]);
            for (var changes = random.Next(6); changes >= 0; changes--)
            {
                var other = Patterns[random.Next(Patterns.Length)];
                var (at, from) = (random.Next(text.Length + 1), random.Next(other.Length));
                if (random.Next(3) == 0)
                    text.Remove(at, Math.Min(random.Next(4), text.Length - at));
                else
                    text.Insert(at, other.AsSpan(from, Math.Min(random.Next(9), other.Length - from)));
            }
            return Encoding.UTF8.GetBytes(text.ToString());
        }, bytes => pattern = Encoding.UTF8.GetString(bytes), () => TextPattern.Parse(pattern).Matches(Text));
    }

    private void Use()
    {
        var tokenizer = Tokenizer.Load(_folder.Path);
        var ids = tokenizer.Encode(Text);
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
        _ = tokenizer.Decode(ids);
        _ = tokenizer.Begin(ids);
    }

    private static void Run(string name, int count, Func<Random, byte[]> make, Action<byte[]> write, Action use)
    {
        var only = Environment.GetEnvironmentVariable("KALM_FUZZ_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : (int?)null;
        var (read, refused) = (0, 0);
        for (var seed = only ?? 1; seed <= (only ?? count); seed++)
        {
            write(make(new Random(seed)));
            // The first time may hold a pause that is not the reader's.
            var (isRead, time, allocated) = Try(name, seed, use);
            if (time > Longest)
                (isRead, time, allocated) = Try(name, seed, use);
            Assert.True(time <= Longest, $"{name}: seed {seed}: took {time.TotalSeconds:F1} s");
            Assert.True(allocated <= MostBytes, $"{name}: seed {seed}: allocated {allocated} bytes");
            (read, refused) = isRead ? (read + 1, refused) : (read, refused + 1);
        }
        if (only is null)
            Assert.True(read > 0 && refused > 0, $"{name}: {read} read, {refused} refused: the damage is of one kind only");
    }

    private static (bool IsRead, TimeSpan Time, long Allocated) Try(string name, int seed, Action use)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var isRead = true;
        try
        {
            use();
        }
        catch (KalmException error)
        {
            isRead = false;
            Assert.True(error.Message.Length <= 1000 && !error.Message.Any(letter => char.IsControl(letter) && letter != '\n'),
                $"{name}: seed {seed}: {error.Message}");
        }
        catch (Exception error)
        {
            Assert.Fail($"{name}: seed {seed}: {error}");
        }
        return (isRead, watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int Count(int divisor) =>
        (Environment.GetEnvironmentVariable("KALM_FUZZ") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) : DefaultCount) / divisor;
}
