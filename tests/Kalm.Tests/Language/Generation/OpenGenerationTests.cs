using Kalm.Language.Execution;
using Kalm.Language.Generation;

namespace Kalm.Tests.Language.Generation;

public class OpenGenerationTests : TorchTest
{
    [Theory]
    [InlineData("llama3")]
    [InlineData("mistral")]
    public void Prompts_that_take_turns_are_continued_as_each_would_be_alone(string name)
    {
        using var model = FixtureModel.Load(name);
        using var pool = new DecoderPool(model, null, null, 2);
        var generator = new Generator(pool, FixtureModel.Tokenizer);
        using var batch = new GenerationBatch(pool, 1 << 20);
        var random = new Random(6);
        var options = new GenerationOptions { MaximumNewTokens = 15, Temperature = 0.9, RepetitionPenalty = 1.2, Seed = 3 };
        var prompts = Enumerable.Range(0, 7).Select(_ => FixtureModel.Ids(random, random.Next(1, 20))).ToArray();
        var open = new List<OpenGeneration>();
        var texts = new Dictionary<(int Prompt, int Sequence), string>();
        // A new one joins every second turn.
        for (var turn = 0; open.Count < prompts.Length || open.Any(generation => !generation.IsFinished); turn++)
        {
            if (turn % 2 == 0 && open.Count < prompts.Length)
                open.Add(generator.Open(prompts[open.Count], 3, options));
            var running = open.Index().Where(item => !item.Item.IsFinished).ToList();
            batch.Step(open);
            foreach (var (prompt, generation) in running)
                foreach (var piece in generation.Pieces)
                    texts[(prompt, piece.Sequence)] = texts.GetValueOrDefault((prompt, piece.Sequence)) + piece.Text;
        }

        foreach (var (index, generation) in open.Index())
        {
            // The same prompt three times is what three sequences of it are.
            var alone = generator.Continue(
                [prompts[index], prompts[index], prompts[index]], options, cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(
                alone.Select(continuation => continuation.Tokens), generation.Continuations.Select(continuation => continuation.Tokens));
            Assert.Equal(alone.Select(continuation => continuation.End), generation.Continuations.Select(continuation => continuation.End));
            Assert.Equal(alone.Sum(continuation => continuation.Tokens.Count), generation.WrittenTokens);
            for (var sequence = 0; sequence < 3; sequence++)
                Assert.Equal(alone[sequence].Text, texts[(index, sequence)]);
            generation.Dispose();
        }
    }
}
