namespace Kalm.Tests;

public class NumberTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public void Finds_what_a_dictionary_finds_whatever_the_hashes(int hashes)
    {
        var random = new Random(5);
        var (words, table, known) = (new Words(hashes), (NumberTable<string>?)null, new Dictionary<string, int>());
        table = new NumberTable<string>(words);
        for (var round = 0; round < 3000; round++)
        {
            var word = $"{random.Next(hashes == int.MaxValue ? 2000 : 200)}";
            Assert.Equal(known.GetValueOrDefault(word, -1), table.Find(word));
            if (!known.TryAdd(word, words.All.Count))
                continue;
            words.All.Add(word);
            table.Add(words.All.Count - 1);
        }
    }

    [Fact]
    public void A_chunked_list_is_the_list_it_grew_from()
    {
        var list = new ChunkedList<int>();
        foreach (var count in new[] { 0, 1, 16, 17, 65_536, 65_537, 200_000 })
        {
            while (list.Count < count)
                list.Add(3 * list.Count);
            Assert.Equal(Enumerable.Range(0, count).Select(index => 3 * index), list);
            Assert.Equal(count == 0 ? [] : [0, 3 * (count - 1)], count == 0 ? [] : new[] { list[0], list[count - 1] });
            Assert.Throws<ArgumentOutOfRangeException>(() => list[count]);
        }
    }

    private sealed class Words(int hashes) : INumbered<string>
    {
        public List<string> All { get; } = [];

        public int HashOf(string key) => int.Parse(key) % hashes;

        public int HashOf(int number) => HashOf(All[number]);

        public bool Is(int number, string key) => All[number] == key;
    }
}
