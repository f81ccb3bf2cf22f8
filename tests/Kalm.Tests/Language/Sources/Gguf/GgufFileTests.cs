using Kalm.Language.Sources.Gguf;

namespace Kalm.Tests.Language.Sources.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Every_kind_of_value_is_read(uint version)
    {
        using var file = Open(new GgufBytes { Version = version, Alignment = 64, Data = [.. BitConverter.GetBytes(1.5f),
            .. BitConverter.GetBytes(-2f)] }
            .Key("general.alignment", 64).Key("u8", 0, 200).Key("i8", 1, 200).Key("u16", 2, 255, 255).Key("i16", 3, 255, 255).Key("i32",
                5, 255, 255, 255, 255)
            .Key("f32", 6, BitConverter.GetBytes(1e-5f)).Key("yes", 7, 1).Key("text", "wörd").Key("u64", 10,
                BitConverter.GetBytes(1UL << 40))
            .Key("i64", 11, BitConverter.GetBytes(-5L)).Key("f64", 12, BitConverter.GetBytes(0.1))
            .Key("texts", 9, [8, 0, 0, 0, .. BitConverter.GetBytes(2UL), .. GgufBytes.Text("a"), .. GgufBytes.Text("")])
            .Key("numbers", 9, [3, 0, 0, 0, .. BitConverter.GetBytes(2UL), 1, 0, 255, 255])
            .Key("nested", 9, [9, 0, 0, 0, .. BitConverter.GetBytes(1UL), 7, 0, 0, 0, .. BitConverter.GetBytes(2UL), 0, 1])
            .Tensor("t", 0, 0, 2));
        var keys = file.Metadata;
        Assert.Equal([200L, -56, 65535, -1, -1, 1L << 40, -5], new[] { "u8", "i8", "u16", "i16", "i32", "u64",
            "i64" }.Select(key => keys.Whole(key)!.Value));
        Assert.Equal((1e-5, 0.1, true, "wörd"), (keys.Number("f32"), keys.Number("f64"), keys.Flag("yes"), keys.Text("text")));
        Assert.Equal(["a", ""], keys.Texts("texts")!);
        Assert.Equal([1L, -1], keys.Wholes("numbers")!);
        Assert.Equal("a list of 1", keys.Show("nested"));
        Assert.Null(keys.Text("absent"));
        Assert.Contains("u8: found 200, expected a text", Assert.Throws<KalmException>(() => keys.Text("u8")).Message,
            StringComparison.Ordinal);
        var values = new float[2];
        file.ReadSingles(file.TryFind("t")!, 0, values);
        Assert.Equal([1.5f, -2], values);
    }

    [Fact]
    public void What_is_not_sound_is_refused_by_name()
    {
        AssertFault("version 1", new GgufBytes { Version = 1 });
        AssertFault("version 4", new GgufBytes { Version = 4 });
        AssertFault("big-endian", new GgufBytes { Version = 3u << 24 });
        AssertFault("the count of tensors: found 99", new GgufBytes { TensorCount = 99 });
        AssertFault("the count of keys: found 18446744073709551615", new GgufBytes { KeyCount = ulong.MaxValue });
        AssertFault("a: found twice", new GgufBytes().Key("a", 1u).Key("a", 2u));
        AssertFault("a: found the value type 13", new GgufBytes().Key("a", 13, 0));
        AssertFault("a: found the truth value 2", new GgufBytes().Key("a", 7, 2));
        AssertFault("a: found 1000000", new GgufBytes().Key("a", 8, BitConverter.GetBytes(1_000_000UL)));
        AssertFault("general.alignment: found 24, expected a power of two", new GgufBytes().Key("general.alignment", 24u));
        AssertFault("'t': found twice", new GgufBytes().Tensor("t", 0, 0, 2).Tensor("t", 0, 32, 2));
        AssertFault("'t': found IQ2_XXS (type 16)", new GgufBytes().Tensor("t", 16, 0, 256));
        AssertFault("'t': found type 4711", new GgufBytes().Tensor("t", 4711, 0, 2));
        AssertFault("'t': found the offset 4, expected a multiple of 32", new GgufBytes().Tensor("t", 0, 4, 2));
        AssertFault("'t': found 64 bytes from 32 on, but the file has 64 bytes of data", new GgufBytes().Tensor("t", 0, 32, 16));
        AssertFault("'u': begins at 32, within 't', which ends at 40", new GgufBytes().Tensor("t", 0, 0, 10).Tensor("u", 0, 32, 2));
        AssertFault("'t': found rows of 33 numbers, expected whole blocks of 32 for Q8_0", new GgufBytes().Tensor("t", 8, 0, 33));
        AssertFault("'t': found 5 dimensions", new GgufBytes().Tensor("t", 0, 0, 1, 1, 1, 1, 1));
        AssertFault("'t': found the dimension 4294967296", new GgufBytes().Tensor("t", 0, 0, 1UL << 32, 1UL << 32));
        AssertFault("does not begin with 'GGUF'", "GGU"u8.ToArray());
        AssertFault("an empty file", []);
        AssertFault("Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"u8.ToArray());
        var sound = new GgufBytes().Key("a", "text").Tensor("t", 0, 0, 2).Make();
        for (var length = 4; length < sound.Length - 64; length++)
            Assert.Throws<KalmException>(() => Open(sound[..length]));
    }

    [Fact]
    public void Parts_are_found_by_the_name_of_any_of_them()
    {
        for (var number = 0; number < 3; number++)
            File.WriteAllBytes(folder.File($"m-0000{number + 1}-of-00003.gguf"), Part(number));
        for (var number = 1; number <= 3; number++)
        {
            using var shards = GgufShards.Open(folder.File($"m-0000{number}-of-00003.gguf"));
            Assert.Equal(3, shards.Files.Count);
            Assert.Equal(["t0", "t1", "t2"], shards.Tensors.Select(place => place.Tensor.Name));
            Assert.EndsWith("m-00002-of-00003.gguf", shards.TryFind("t1")!.Value.File.Path, StringComparison.Ordinal);
        }

        File.WriteAllBytes(folder.File("m-00003-of-00003.gguf"), Part(1));
        AssertParts("split.no: found 1, expected 2");
        File.Delete(folder.File("m-00003-of-00003.gguf"));
        AssertParts("m-00003-of-00003.gguf: no such file");
        File.Move(folder.File("m-00001-of-00003.gguf"), folder.File("other.gguf"));
        Assert.Contains("-00001-of-00003.gguf", Assert.Throws<KalmException>(() => GgufShards.Open(folder.File("other.gguf"))).Message,
            StringComparison.Ordinal);

        void AssertParts(string part) => Assert.Contains(part,
            Assert.Throws<KalmException>(() => GgufShards.Open(folder.File("m-00001-of-00003.gguf"))).Message, StringComparison.Ordinal);
    }

    private static byte[] Part(int number) => new GgufBytes().Key("split.no", 2, (byte)number, 0).Key("split.count", 2, 3, 0)
        .Key("split.tensors.count", 5, 3, 0, 0, 0).Tensor($"t{number}", 0, 0, 2).Make();

    private void AssertFault(string part, GgufBytes bytes) => AssertFault(part, bytes.Make());

    private void AssertFault(string part, byte[] bytes)
    {
        var message = Assert.Throws<KalmException>(() => Open(bytes)).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.StartsWith(folder.Path, message, StringComparison.Ordinal);
    }

    private GgufFile Open(GgufBytes bytes) => Open(bytes.Make());

    private GgufFile Open(byte[] bytes)
    {
        var path = folder.File(Guid.NewGuid() + ".gguf");
        File.WriteAllBytes(path, bytes);
        return GgufFile.Open(path);
    }
}
