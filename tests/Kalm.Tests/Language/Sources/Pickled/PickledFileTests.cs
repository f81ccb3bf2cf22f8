using Kalm.Language.Sources;
using Kalm.Language.Sources.Pickled;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Pickled;

/// <summary>The files that Fixtures/pickled.py writes, against the same numbers as safetensors.</summary>
public sealed class PickledFileTests : IDisposable
{
    private static readonly string Folder = Path.Combine(Fixture.Folder, "pickled");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_type_and_order_of_elements_is_read()
    {
        using var expected = SafetensorsFile.Open(Path.Combine(Folder, "kinds.safetensors"));
        using var file = PickledFile.Open(Path.Combine(Folder, "kinds.bin"));
        Assert.Empty(file.Warnings);
        Assert.Equal(25, file.Tensors.Count());
        Assert.Equal(expected.Tensors.Keys.Order(), file.Tensors.Select(tensor => tensor.Name).Order());
        foreach (var tensor in file.Tensors)
        {
            var entry = expected.Find(tensor.Name);
            Assert.Equal(entry.Shape, tensor.Shape);
            Assert.Equal(entry.Type.SafetensorsName(), tensor.Type);
            Assert.Equal(entry.Type.IsFloatingPoint(), tensor.IsFloatingPoint);
            Assert.Equal((entry.ByteCount, entry.ElementCount), (tensor.ByteCount, tensor.ElementCount));
            // From every element on, so that parts of rows that lie apart come in too.
            for (var offset = 0; offset <= tensor.ElementCount; offset++)
            {
                var (wanted, found) = (new float[tensor.ElementCount - offset], new float[tensor.ElementCount - offset]);
                expected.ReadSingles(entry, offset, wanted);
                file.ReadSingles(tensor.Name, offset, found);
                Assert.Equal(wanted, found);
            }
        }
    }

    [Fact]
    public void A_large_transposed_matrix_is_read_in_parts_and_after_its_release()
    {
        const int Rows = 300;
        const int Columns = 700;
        var numbers = Enumerable.Range(0, Rows * Columns).Select(n => (float)n).ToArray();
        var storage = PickleBytes.Storage.Replace("K\u0008tQ", $"J{Number(numbers.Length)}tQ", StringComparison.Ordinal);
        var pickle = PickleBytes.Tensor(
            shape: $"M{Short(Columns)}M{Short(Rows)}\u0086", strides: $"K\u0001M{Short(Columns)}\u0086", storage: storage);
        var path = Write(PickleBytes.Archive(PickleBytes.Of(pickle), new() { ["0"] = [.. numbers.SelectMany(BitConverter.GetBytes)] }));
        using var file = PickledFile.Open(path);
        for (var time = 0; time < 2; time++)
        {
            var read = new float[numbers.Length];
            file.ReadSingles("w", 0, read.AsSpan(0, 1234));
            file.ReadSingles("w", 1234, read.AsSpan(1234));
            for (var at = 0; at < read.Length; at++)
                Assert.Equal(numbers[(at % Rows * Columns) + (at / Rows)], read[at]);
            file.Release("w", 0, numbers.Length);
        }
    }

    [Fact]
    public void A_checkpoint_of_a_trainer_gives_its_state_and_says_so()
    {
        using var file = PickledFile.Open(Path.Combine(Folder, "trainer.bin"));
        var read = new float[4];
        file.ReadSingles(Assert.Single(file.Tensors).Name, 0, read);
        Assert.Equal([1, -0.5f, 65504, (float)(Half)6e-8], read);
        Assert.Contains(
            "the tensors are those under 'state_dict'; the rest of the checkpoint is ignored", file.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("2 values that are no tensors by name are ignored: 'note'", file.Warnings[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama_tiny", "pytorch_model.bin")]
    [InlineData("architectures/qwen3", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")]
    public void A_folder_with_pickled_weights_equals_the_one_with_safetensors(string original, params string[] names)
    {
        var safe = Path.Combine(Fixture.Folder, original);
        File.Copy(Path.Combine(safe, "config.json"), folder.File("config.json"));
        if (names.Length == 1)
            File.Copy(Path.Combine(Folder, "llama_tiny.bin"), folder.File(names[0]));
        else
            foreach (var path in Directory.EnumerateFiles(Path.Combine(Folder, "qwen3")))
                File.Copy(path, folder.File(Path.GetFileName(path)));
        using var expected = FolderSource.Open(safe);
        using var source = FolderSource.Open(folder.Path);
        Assert.Equal(names, source.Files.Select(path => Path.GetFileName(path)));
        Assert.Empty(source.Warnings);
        Assert.NotEmpty(source.Config.TensorShapes());
        foreach (var (name, shape) in source.Config.TensorShapes())
        {
            Assert.Equal(expected.TryFind(name)!.ToString(), source.TryFind(name)!.ToString());
            var (wanted, found) = (new float[shape.Aggregate(1L, (product, size) => product * size)],
                new float[shape.Aggregate(1L, (product, size) => product * size)]);
            expected.ReadSingles(name, 0, wanted);
            source.ReadSingles(name, 0, found);
            Assert.Equal(wanted.Select(BitConverter.SingleToInt32Bits), found.Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Fact]
    public void Safetensors_are_taken_where_both_are_there()
    {
        foreach (var name in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(Fixture.Folder, "llama_tiny", name), folder.File(name));
        folder.Write("pytorch_model.bin", "anything");
        using var source = FolderSource.Open(folder.Path);
        Assert.Equal(folder.File("model.safetensors"), Assert.Single(source.Files));
    }

    [Fact]
    public void Names_a_tensor_that_it_has_not()
    {
        using var file = PickledFile.Open(Path.Combine(Folder, "kinds.bin"));
        Assert.Null(file.TryFind("absent"));
        var error = Assert.Throws<KalmException>(() => file.ReadSingles("absent", 0, new float[1]));
        Assert.Contains("tensor 'absent': not found among the 25 tensors", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadSingles("F32", 5, new float[2]));
    }

    private static string Number(int number) => System.Text.Encoding.Latin1.GetString(BitConverter.GetBytes(number));

    private static string Short(ushort number) => System.Text.Encoding.Latin1.GetString(BitConverter.GetBytes(number));

    private string Write(byte[] bytes)
    {
        File.WriteAllBytes(folder.File("pytorch_model.bin"), bytes);
        return folder.File("pytorch_model.bin");
    }
}
