using Kalm.Representation;

namespace Kalm.Tests.Representation;

public class TokenTextsTests
{
    [Fact]
    public void Equal_texts_have_one_number_by_first_appearance_and_come_back_as_they_were()
    {
        var random = new Random(9);
        int[] sizes = [1, 0x7F, 0x80, 0x3FFF, 0x4000, 200_000];
        var texts = Enumerable.Range(0, 40_000).Select(_ => Enumerable.Range(0, random.Next(4))
            .Select(_ => random.Next(4) == 0 ? sizes[random.Next(sizes.Length)] : random.Next(sizes[random.Next(sizes.Length)])).ToArray())
            .ToArray();

        var (distinct, numbers) = TokenTexts.Number(texts.Length, index => texts[index]);

        var known = new Dictionary<string, int>();
        for (var index = 0; index < texts.Length; index++)
        {
            known.TryAdd(string.Join(' ', texts[index]), known.Count);
            Assert.Equal(known[string.Join(' ', texts[index])], numbers[index]);
            Assert.Equal(texts[index], distinct[numbers[index]]);
        }
        Assert.Equal(known.Count, distinct.Count);
        Assert.Equal(known.Keys, distinct.Select(text => string.Join(' ', text)));
    }

    [Fact]
    public void What_cannot_be_encoded_is_told_as_when_encoded_alone() =>
        Assert.Equal("no such token", Assert.Throws<KalmException>(
            () => TokenTexts.Number(100, index => index == 50 ? throw new KalmException("no such token") : [index])).Message);
}
