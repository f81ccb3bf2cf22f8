using System.Security.Cryptography;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Safetensors;

/// <summary>Two shards of hand-made tensors, and all that can be wrong with their index.</summary>
public sealed class SafetensorsShardsTests : IDisposable
{
    private const string First = "model-00001-of-00002.safetensors";
    private const string Second = "model-00002-of-00002.safetensors";
    private const string Index = "model.safetensors.index.json";
    private readonly TemporaryFolder _folder = new();

    public SafetensorsShardsTests()
    {
        Save(First, ("a", 1), ("b", 2));
        Save(Second, ("c", 3));
        Map($"\"a\":\"{First}\",\"b\":\"{First}\",\"c\":\"{Second}\"");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Finds_every_tensor_in_its_shard()
    {
        using var shards = SafetensorsShards.Open(_folder.Path);
        Assert.Equal([First, Second], shards.Files.Select(file => Path.GetFileName(file.Path)));
        foreach (var (name, value) in new[] { ("a", 1), ("b", 2), ("c", 3) })
        {
            var read = new float[1];
            shards.FileOf(name).ReadSingles(shards.Find(name), 0, read);
            Assert.Equal([value], read);
        }
        Assert.Equal(["a", "b", "c"], shards.Tensors.Select(entry => entry.Name).Order());
        Assert.Null(shards.TryFind("d"));
        Assert.Contains(
            "'d': not found among the 3 tensors", Assert.Throws<KalmException>(() => shards.Find("d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Follows_links_as_the_cache_of_Hugging_Face_has_them()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("links need rights on other systems");
        using var elsewhere = new TemporaryFolder();
        foreach (var name in new[] { First, Index })
        {
            File.Move(_folder.File(name), elsewhere.File("blob-" + name));
            File.CreateSymbolicLink(_folder.File(name), elsewhere.File("blob-" + name));
        }
        using var shards = SafetensorsShards.Open(_folder.Path);
        Assert.Equal(3, shards.Tensors.Count());
    }

    [Theory]
    // The JSON.
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}{}", "not valid JSON")]
    [InlineData("[]", "found a list, expected a JSON object")]
    [InlineData("{\"metadata\":[[[[[[[[[1]]]]]]]]]}", "not valid JSON")]
    [InlineData("{\"\\ud800\":1}", "not valid Unicode")]
    // The map.
    [InlineData("{}", "weight_map: found nothing, expected an object")]
    [InlineData("{\"weight_map\":{}}", "weight_map: found no tensor")]
    [InlineData("{\"weight_map\":null}", "weight_map: found null")]
    [InlineData("{\"weight_map\":[]}", "weight_map: found a list")]
    [InlineData("{\"weight_map\":{\"a\":\"x.safetensors\"},\"weight_map\":{}}", "weight_map occurs twice")]
    [InlineData("{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"x.safetensors\"}}", "'a': occurs twice")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "'a': found 1, expected the name of a file")]
    [InlineData("{\"weight_map\":{\"a\":null}}", "'a': found null")]
    // The file names.
    [InlineData("{\"weight_map\":{\"a\":\"sub/x.safetensors\"}}", "'a': found the file 'sub/x.safetensors', expected the name")]
    [InlineData("{\"weight_map\":{\"a\":\"sub\\\\x.safetensors\"}}", "'a': found the file 'sub\\x.safetensors'")]
    [InlineData("{\"weight_map\":{\"a\":\"../x.safetensors\"}}", "'a': found the file '../x.safetensors'")]
    [InlineData("{\"weight_map\":{\"a\":\"..\"}}", "'a': found the file '..'")]
    [InlineData("{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}", "'a': found the file '/etc/x.safetensors'")]
    [InlineData("{\"weight_map\":{\"a\":\"C:x.safetensors\"}}", "'a': found the file 'C:x.safetensors'")]
    [InlineData("{\"weight_map\":{\"a\":\"x\\u0000.safetensors\"}}", "'a': found the file 'x?.safetensors'")]
    [InlineData("{\"weight_map\":{\"a\":\"\"}}", "'a': found the file ''")]
    [InlineData("{\"weight_map\":{\"a\":\"pytorch_model.bin\"}}",
        "'a': found the file 'pytorch_model.bin', expected the name of a .safetensors file")]
    [InlineData("{\"weight_map\":{\"a\":\"absent.safetensors\"}}", "names the shard absent.safetensors, which is not in the folder")]
    public void Refuses_a_faulty_index_and_names_the_fault(string content, string expected)
    {
        _folder.Write(Index, content);
        AssertRefused(expected);
    }

    [Fact]
    public void Refuses_an_index_that_is_not_UTF_8()
    {
        File.WriteAllBytes(_folder.File(Index), [(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        AssertRefused("not valid UTF-8");
    }

    [Fact]
    public void Refuses_a_tensor_in_two_shards()
    {
        Save(Second, ("c", 3), ("a", 9));
        AssertRefused($"'a': is in two shards, {First} and {Second}; expected one");
    }

    [Fact]
    public void Refuses_a_tensor_in_no_shard()
    {
        Save(Second, ("d", 3));
        AssertRefused($"'c': is in none of the shards; expected it in {Second}");
    }

    [Fact]
    public void Refuses_a_tensor_in_another_shard_than_the_index_says()
    {
        Map($"\"a\":\"{First}\",\"b\":\"{Second}\",\"c\":\"{Second}\"");
        AssertRefused($"'b': found in {First}, expected it in {Second}");
    }

    [Fact]
    public void Refuses_a_tensor_that_the_index_leaves_out()
    {
        Map($"\"a\":\"{First}\",\"c\":\"{Second}\"");
        AssertRefused($"'b': is in {First} but not named here");
    }

    [Fact]
    public void Refuses_a_faulty_shard_by_its_own_name()
    {
        File.WriteAllBytes(_folder.File(Second), File.ReadAllBytes(_folder.File(Second))[..^1]);
        var error = Assert.Throws<KalmException>(() => SafetensorsShards.Open(_folder.Path));
        Assert.StartsWith(_folder.File(Second) + ": ", error.Message, StringComparison.Ordinal);
        Assert.Contains("is it cut short?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_shards_in_the_order_of_their_names_make_the_hash()
    {
        byte[] both = [.. File.ReadAllBytes(_folder.File(First)), .. File.ReadAllBytes(_folder.File(Second))];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(both)), Hash());
        Save(Second, ("c", 4));
        Assert.NotEqual(Convert.ToHexStringLower(SHA256.HashData(both)), Hash());
    }

    private string Hash()
    {
        using var shards = SafetensorsShards.Open(_folder.Path);
        return SourceHash.Of(shards.Files.Select(file => file.Path));
    }

    private void AssertRefused(string expected)
    {
        var error = Assert.Throws<KalmException>(() => SafetensorsShards.Open(_folder.Path));
        Assert.StartsWith(_folder.File(Index) + ": ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private void Map(string entries) => _folder.Write(Index, $"{{\"metadata\":{{\"total_size\":12}},\"weight_map\":{{{entries}}}}}");

    private void Save(string name, params (string Name, float Value)[] tensors)
    {
        var writer = new SafetensorsWriter();
        foreach (var (tensor, _) in tensors)
            writer.Declare(tensor, TensorType.F32, 1);
        writer.Write(_folder.File(name), (entry, stream) =>
            SafetensorsWriter.WriteSingles(entry, stream, [tensors.Single(tensor => tensor.Name == entry.Name).Value]));
    }
}
