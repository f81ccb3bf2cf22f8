using Kalm.Language.Generation;
using Kalm.Language.Generation.Grammar;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Tests.Language.Generation;

public class GenerationBatchTests : TorchTest
{
    private static readonly GenerationOptions Greedy = new() { MaximumNewTokens = 20, IgnoreEnd = true };
    private static readonly GenerationOptions Drawn = Greedy with { Temperature = 0.9, Seed = 4 };

    [Theory]
    [InlineData(null)]
    [InlineData(GgufTensorType.Q8)]
    [InlineData(GgufTensorType.BF16)]
    public void What_is_written_is_the_same_to_the_last_bit_alone_and_among_others_that_come_and_go(GgufTensorType? form)
    {
        using var model = new BatchModel(form);
        var bias = new Dictionary<int, double> { [9] = 3 };
        (int[] Prompt, GenerationOptions Options, int Count)[] asked =
        [
            (model.Ids(7), Greedy, 1), (model.Ids(1), Drawn, 3), (model.Ids(300), Greedy with { MaximumNewTokens = 30 }, 1),
            (model.Ids(64), Drawn with { TopP = 0.8, MinP = 0.01 }, 1),
            (model.Ids(65), Drawn with { TopK = 7, RepetitionPenalty = 1.3 }, 2),
            (model.Ids(20), Drawn with { PresencePenalty = 0.5, FrequencyPenalty = 0.3, LogitBias = bias }, 1),
            (model.Ids(33), Drawn with { Grammar = TextGrammar.AnyObject, IgnoreEnd = false }, 1),
            (model.Ids(150), Greedy with { Stop = ["e", "a"], IgnoreEnd = false }, 1), (model.Ids(600), Drawn, 2),
        ];
        using var alone = model.Batch();
        var expected = Array.ConvertAll(asked, each => model.Write(alone, each.Prompt, each.Options, each.Count));
        Assert.True(expected.Sum(tokens => tokens.Count) > 150);

        using var together = model.Batch();
        var open = new List<OpenGeneration>();
        var told = asked.Select(_ => new List<(int Sequence, int, double)>()).ToArray();
        for (var step = 0; open.Count < asked.Length || open.Exists(generation => !generation.IsFinished); step++)
        {
            // Two at once, and then one every third step, into what the others are writing.
            while (open.Count < Math.Min(asked.Length, 2 + (step / 3)))
                open.Add(model.Generator.Open(
                    asked[open.Count].Prompt, asked[open.Count].Count, asked[open.Count].Options with { LogProbabilities = 2 }));
            var running = open.Index().Where(item => !item.Item.IsFinished).ToList();
            together.Step(open);
            foreach (var (index, generation) in running)
                told[index].AddRange(BatchModel.Told(generation));
        }
        open.ForEach(generation => generation.Dispose());
        for (var index = 0; index < asked.Length; index++)
            Assert.Equal(expected[index], [.. told[index].OrderBy(token => token.Sequence)]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(GgufTensorType.Q8)]
    public void A_conversation_is_not_read_again_and_answered_as_if_it_were(GgufTensorType? form)
    {
        using var model = new BatchModel(form);
        using var plain = model.Batch();
        using var keeping = model.Batch(64 << 20);
        int[] said = [.. model.Ids(300)];
        for (var turn = 0; turn < 4; turn++)
        {
            var expected = model.Write(plain, said, Drawn, 2, generation => Assert.Equal(0, generation.CachedTokens));
            var found = model.Write(keeping, said, Drawn, 2, generation =>
            {
                // What was said and answered before is there, but for the last token, which was never fed.
                if (turn > 0)
                    Assert.InRange(generation.CachedTokens, 256, said.Length - 11);
                if (turn > 0 && said.Length < 512)
                    Assert.Equal(said.Length - 11, generation.CachedTokens);
            });
            Assert.Equal(expected, found);
            said = [.. said, .. found.Where(token => token.Sequence == 0).Select(token => token.Token), .. model.Ids(10)];
        }
        Assert.InRange(keeping.PrefixBytes, 1, 64 << 20);
        Assert.Equal(0, plain.PrefixBytes);
    }

    [Fact]
    public void An_opening_that_many_share_is_read_once_even_when_they_come_at_the_same_time()
    {
        using var model = new BatchModel();
        var opening = model.Ids(200);
        var prompts = Enumerable.Range(0, 6).Select(_ => (int[])[.. opening, .. model.Ids(9)]).ToArray();
        using var plain = model.Batch();
        var expected = Array.ConvertAll(prompts, prompt => model.Write(plain, prompt, Greedy));
        using var keeping = model.Batch(64 << 20);
        var open = Array.ConvertAll(prompts, prompt => model.Generator.Open(prompt, 1, Greedy with { LogProbabilities = 2 }));
        var told = prompts.Select(_ => new List<(int, int, double)>()).ToArray();
        var (read, cached, hits) = (0, 0, 0);
        while (!Array.TrueForAll(open, generation => generation.IsFinished))
        {
            var running = open.Index().Where(item => !item.Item.IsFinished).ToList();
            var step = keeping.Step(open);
            (read, cached, hits) = (read + step.PromptTokens, cached + step.CachedTokens, hits + step.CachedPrompts);
            foreach (var (index, generation) in running)
                told[index].AddRange(BatchModel.Told(generation));
        }
        // A few tokens that are still being read are not worth waiting for.
        Assert.InRange(cached, 5 * 192, 5 * 200);
        Assert.Equal((6 * 209, 5), (read + cached, hits));
        Assert.Equal(expected, told);
        Array.ForEach(open, generation => generation.Dispose());
    }

    [Fact]
    public void What_is_kept_stays_within_its_memory_and_the_latest_used_stay()
    {
        using var model = new BatchModel();
        int[][] prompts = [.. Enumerable.Range(0, 5).Select(_ => model.Ids(100))];
        long one;
        using (var large = model.Batch(1 << 30))
        {
            model.Write(large, prompts[0], Greedy);
            one = large.PrefixBytes;
        }
        using var narrow = model.Batch((one * 5 / 2) + 1);
        foreach (var prompt in new[] { 0, 1, 0, 2, 0, 3, 0, 4, 0 })
        {
            model.Write(narrow, prompts[prompt], Greedy);
            Assert.InRange(narrow.PrefixBytes, 1, one * 5 / 2);
        }
        model.Write(narrow, prompts[0], Greedy, 1, generation => Assert.Equal(99, generation.CachedTokens));
        model.Write(narrow, prompts[1], Greedy, 1, generation => Assert.Equal(0, generation.CachedTokens));
        using var tooNarrow = model.Batch(one / 2);
        model.Write(tooNarrow, prompts[0], Greedy);
        Assert.Equal(0, tooNarrow.PrefixBytes);
    }

    [Fact]
    public void A_long_prompt_is_read_beside_others_that_go_on_at_every_step()
    {
        using var model = new BatchModel();
        using var batch = model.Batch();
        using var writing = model.Generator.Open(model.Ids(5), 3, Greedy with { MaximumNewTokens = 200 });
        batch.Step([writing]);
        using var reading = model.Generator.Open(model.Ids(900), 1, Greedy);
        var steps = 0;
        for (; !reading.IsRead; steps++)
        {
            Assert.InRange(batch.Step([writing, reading]).PromptTokens, 1, 256);
            Assert.Equal(3, writing.Pieces.Count);
        }
        Assert.InRange(steps, 4, 20);
        Assert.Equal(3 * (steps + 1), writing.WrittenTokens);
        Assert.Single(reading.Pieces);
    }

    [Fact]
    public void A_fault_in_one_hurts_no_other()
    {
        using var model = new BatchModel();
        using var batch = model.Batch(1 << 20);
        var prompts = new[] { model.Ids(5), model.Ids(40), model.Ids(3) };
        var expected = Array.ConvertAll(prompts, prompt => model.Write(batch, prompt, Drawn));
        var open = Array.ConvertAll(prompts, prompt => model.Generator.Open(prompt, 1, Drawn with { LogProbabilities = 2 }));
        // The embedding has no row for it.
        using var faulty = model.Generator.Open([4, 5, 100_000, 6], 1, Drawn);
        var told = prompts.Select(_ => new List<(int, int, double)>()).ToArray();
        while (!Array.TrueForAll(open, generation => generation.IsFinished))
        {
            var running = open.Index().Where(item => !item.Item.IsFinished).ToList();
            batch.Step([open[0], faulty, .. open[1..]]);
            foreach (var (index, generation) in running)
                told[index].AddRange(BatchModel.Told(generation));
        }
        Assert.NotNull(faulty.Fault);
        Assert.All(open, generation => Assert.Null(generation.Fault));
        Assert.Equal(expected, told);
        Array.ForEach(open, generation => generation.Dispose());
    }
}
