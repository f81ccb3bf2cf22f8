using Kalm.Language.Execution;
using Kalm.Language.Generation;
using TorchSharp;

namespace Kalm.Tests.Language.Generation;

public class DecodingBatchTests : TorchTest
{
    public static IEnumerable<TheoryDataRow<string>> Names() => FixtureModel.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public void Cached_logits_equal_uncached_ones_whatever_the_company(string name)
    {
        using var model = FixtureModel.Load(name);
        var random = new Random(5);
        var texts = Enumerable.Range(0, 7).Select(_ => FixtureModel.Ids(random, 60)).ToArray();
        var expected = Array.ConvertAll(texts, text => FixtureModel.Logits(model, text));
        using var decoder = new Decoder(model.Config, model.Weights, null, null, torch.CPU);
        using var batch = new DecodingBatch(decoder, new KeyValueCache(model.Config, texts.Length, torch.CPU), torch.CPU);
        var (rows, at) = (Enumerable.Range(0, texts.Length).ToArray(), new[] { 1, 20, 3, 30, 8, 20, 2 });

        AssertEqual(batch.Feed([.. rows.Select(row => texts[row][..at[row]])]), rows, at);
        for (var step = 0; step < 24; step++)
        {
            if (step == 8)
            {
                // Rows leave, change places and are doubled.
                int[] kept = [6, 1, 1, 3];
                batch.Keep(kept);
                (rows, at) = (kept, [.. kept.Select(row => at[row])]);
            }
            // Now and then several tokens at once, a different number for each row.
            var counts = rows.Select(_ => step % 5 == 4 ? random.Next(1, 4) : 1).ToArray();
            if (rows.Select((_, index) => at[index] + counts[index]).Max() > 60)
                break;
            var logits = batch.Feed([.. rows.Select((row, index) => texts[row][at[index]..(at[index] + counts[index])])]);
            at = [.. at.Select((place, index) => place + counts[index])];
            AssertEqual(logits, rows, at);
        }

        void AssertEqual(float[] logits, int[] rows, int[] at)
        {
            for (var index = 0; index < rows.Length; index++)
                for (var token = 0; token < FixtureModel.Vocabulary; token++)
                    Assert.Equal(expected[rows[index]][at[index] - 1][token], logits[index * FixtureModel.Vocabulary + token], 1e-4f);
        }
    }
}
