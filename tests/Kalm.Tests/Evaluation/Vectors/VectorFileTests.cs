using Kalm.Evaluation.Vectors;
using TorchSharp;

namespace Kalm.Tests.Evaluation.Vectors;

public sealed class VectorFileTests : TorchTest
{
    private const int Width = 3;
    private const int Count = 5;
    private static readonly float[] Numbers = [.. Enumerable.Range(0, Count * Width).Select(index => (index + 1) / 7f)];

    [Fact]
    public void Rows_written_by_portions_are_read_where_they_lie()
    {
        using var folder = new TemporaryFolder();
        using var file = Open(folder);
        file.Append(Rows(0, 2));
        Assert.Equal((2, false), (file.Done, file.IsComplete));
        Assert.Throws<InvalidOperationException>(() => file.Read(0, 1));
        file.Append(Rows(2, 3));
        Assert.True(file.IsComplete);
        Assert.Equal(Numbers, Values(file.Read(0, Count)));
        Assert.Equal(Numbers[Width..(3 * Width)], Values(file.Read(1, 2)));
        Assert.Equal([0L, Width], file.Read(Count, 0).shape);
        Assert.Equal(Numbers[(4 * Width)..], file.Row(4).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(4, 2));
        Assert.Throws<ArgumentException>(() => file.Append(Rows(0, 1)));
    }

    [Fact]
    public void It_goes_on_where_it_stood_and_cuts_what_was_not_counted()
    {
        using var folder = new TemporaryFolder();
        using (var file = Open(folder))
            file.Append(Rows(0, 2));
        File.AppendAllText(folder.File("rows/rows.f32"), "half a row");
        File.WriteAllText(folder.File("rows/.manifest.json.partial-1-x"), "{");
        using (var file = Open(folder))
        {
            Assert.Equal(2, file.Done);
            file.Append(Rows(2, 3));
        }
        using (var file = Open(folder))
            Assert.Equal(Numbers, Values(file.Read(0, Count)));
        Assert.Equal(Numbers.Length * sizeof(float), new FileInfo(folder.File("rows/rows.f32")).Length);
    }

    [Theory]
    [InlineData("other", Count, Width, "key other")]
    [InlineData("key", Count + 1, Width, "6 rows of 3")]
    [InlineData("key", Count, Width + 1, "5 rows of 4")]
    public void Other_vectors_are_refused_by_name_or_overwritten(string key, int count, int width, string expected)
    {
        using var folder = new TemporaryFolder();
        using (var file = Open(folder))
            file.Append(Rows(0, 2));
        var message = Assert.Throws<KalmException>(() => VectorFile.Open(folder.File("rows"), key, count, width)).Message;
        Assert.Contains(folder.File("rows"), message, StringComparison.Ordinal);
        Assert.Contains("found format 1, key key, 5 rows of 3 numbers", message, StringComparison.Ordinal);
        Assert.Contains($"expected format 1, key {key}", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        var told = new List<string>();
        using (var file = VectorFile.Open(folder.File("rows"), key, count, width, told.Add))
            Assert.Equal(0, file.Done);
        Assert.Equal(message, $"{Assert.Single(told)}; or remove the folder to start anew");
    }

    [Fact]
    public void A_damaged_folder_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var (rows, manifest) = (folder.File("rows/rows.f32"), folder.File("rows/manifest.json"));
        using (var file = Open(folder))
            file.Append(Rows(0, 2));
        var whole = File.ReadAllText(manifest);
        foreach (var (damage, named) in new (Action, string)[]
        {
            (() => File.WriteAllText(manifest, "{"), manifest),
            (() => File.WriteAllText(manifest, "{}"), "found format 0"),
            (() => File.WriteAllText(manifest, whole.Replace("\"done\": 2", "\"done\": 6", StringComparison.Ordinal)), "6 rows"),
            (() => File.WriteAllText(manifest, whole.Replace("\"done\": 2", "\"done\": -1", StringComparison.Ordinal)), "-1 rows"),
            (() => File.WriteAllBytes(rows, new byte[23]), "found 23 bytes; expected 24 or more"),
            (() => File.Delete(rows), "found no file"),
        })
        {
            File.WriteAllText(manifest, whole);
            damage();
            Assert.Contains(named, Assert.Throws<KalmException>(() => Open(folder)).Message, StringComparison.Ordinal);
        }
        using (var file = VectorFile.Open(folder.File("rows"), "key", Count, Width, _ => { }))
            file.Append(Rows(0, Count));
        using (var file = Open(folder))
            Assert.True(file.IsComplete);
    }

    [Fact]
    public void One_has_it_at_a_time()
    {
        using var folder = new TemporaryFolder();
        using (Open(folder))
            Assert.Contains("another process", Assert.Throws<KalmException>(() => Open(folder)).Message, StringComparison.Ordinal);
        Open(folder).Dispose();
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        using var folder = new TemporaryFolder();
        var taken = folder.Write("rows", "a file");
        Assert.Contains(taken, Assert.Throws<KalmException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    private static VectorFile Open(TemporaryFolder folder) => VectorFile.Open(folder.File("rows"), "key", Count, Width);

    private static torch.Tensor Rows(int start, int count) =>
        torch.tensor(Numbers[(start * Width)..((start + count) * Width)], [count, Width]);

    private static float[] Values(torch.Tensor rows) => rows.cpu().contiguous().data<float>().ToArray();
}
