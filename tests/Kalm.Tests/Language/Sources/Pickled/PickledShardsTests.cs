using Kalm.Language.Sources.Pickled;

namespace Kalm.Tests.Language.Sources.Pickled;

public sealed class PickledShardsTests : IDisposable
{
    private const string First = "pytorch_model-00001-of-00002.bin";
    private const string Second = "pytorch_model-00002-of-00002.bin";
    // The tensors a and b, which are one.
    private static readonly string Two = PickleBytes.Tensor().Replace("\0\0\0wc", "\0\0\0ac", StringComparison.Ordinal)
        .Replace("tRs.", "tRq\u0001sX\u0001\0\0\0bh\u0001s.", StringComparison.Ordinal);

    private readonly TemporaryFolder folder = new();

    public PickledShardsTests()
    {
        Save(First, "a");
        Save(Second, "b");
        Map($"\"a\":\"{First}\",\"b\":\"{Second}\"");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Finds_every_tensor_in_its_shard()
    {
        using var shards = PickledShards.Open(folder.Path);
        Assert.Equal([First, Second], shards.Files.Select(path => Path.GetFileName(path)));
        Assert.Equal(["a", "b"], shards.Tensors.Select(tensor => tensor.Name));
        var read = new float[2];
        shards.ReadSingles("b", 0, read);
        Assert.Equal([0, 1], read);
        Assert.Empty(shards.Warnings);
        Assert.Contains("'c': not found among the 2 tensors",
            Assert.Throws<KalmException>(() => shards.Release("c", 0, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_single_file_is_taken_where_an_index_is_there_too()
    {
        Save("pytorch_model.bin", "w");
        using var shards = PickledShards.Open(folder.Path);
        Assert.Equal("w", Assert.Single(shards.Tensors).Name);
        Assert.Contains(
            "index.json: ignored, because pytorch_model.bin is there too", Assert.Single(shards.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"\"a\":\"{First}\",\"b\":\"{First}\"", $"'b': is in none of the shards; expected it in {First}")]
    [InlineData($"\"a\":\"{First}\",\"b\":\"{Second}\",\"c\":\"{Second}\"", "'c': is in none of the shards")]
    [InlineData($"\"a\":\"{Second}\",\"b\":\"{First}\"", $"'a': found in {First}, expected it in {Second}")]
    [InlineData("\"a\":\"../x.bin\"", "'a': found the file '../x.bin', expected the name of a .bin file")]
    [InlineData("\"a\":\"/etc/x.bin\"", "'a': found the file '/etc/x.bin'")]
    [InlineData("\"a\":\"sub\\\\x.bin\"", "'a': found the file 'sub\\x.bin'")]
    [InlineData("\"a\":\"model.safetensors\"", "'a': found the file 'model.safetensors', expected the name of a .bin file")]
    [InlineData("\"a\":\"absent.bin\"", "names the shard absent.bin, which is not in the folder")]
    public void Refuses_an_index_that_the_shards_do_not_agree_with(string map, string expected)
    {
        Map(map);
        AssertRefused(expected);
    }

    [Fact]
    public void Refuses_a_tensor_in_two_shards_or_left_out()
    {
        Save(Second, "a");
        AssertRefused($"'a': is in two shards, {First} and {Second}; expected one");
        Map($"\"a\":\"{First}\"");
        Save(First, "a");
        using (var shards = PickledShards.Open(folder.Path))
            Assert.Equal("a", Assert.Single(shards.Tensors).Name);
        File.WriteAllBytes(folder.File(First), PickleBytes.Archive(Two));
        AssertRefused($"'b': is in {First} but not named here");
    }

    private void AssertRefused(string expected) =>
        Assert.Contains(expected, Assert.Throws<KalmException>(() => PickledShards.Open(folder.Path)).Message, StringComparison.Ordinal);

    private void Map(string entries) =>
        folder.Write("pytorch_model.bin.index.json", $"{{\"metadata\":{{\"total_size\":16}},\"weight_map\":{{{entries}}}}}");

    private void Save(string name, string tensor) =>
        File.WriteAllBytes(
            folder.File(name), PickleBytes.Archive(PickleBytes.Tensor().Replace("\0\0\0wc", $"\0\0\0{tensor}c", StringComparison.Ordinal)));
}
