using System.Globalization;
using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Model;

/// <summary>Tensors of more bytes than one span can hold, in sparse files.</summary>
public class LargeTensorTests : TorchTest
{
    private const long Count = (1L << 29) + 1000;
    private const long RoomNeeded = 4L << 30;

    [Fact]
    public void Numbers_beyond_2_GiB_of_a_file_are_read_in_parts()
    {
        using var folder = new TemporaryFolder();
        using var file = Make(folder, "F32", 4, index => BitConverter.GetBytes((float)index));
        Assert.Contains("do not fit one span",
            Assert.Throws<KalmException>(() => file.Bytes(file.Find("large")).Length).Message, StringComparison.Ordinal);
        var read = new float[2];
        file.ReadSingles(file.Find("large"), (1L << 29) - 1, read);
        Assert.Equal([2, 3], read);
        file.ReadSingles(file.Find("large"), Count - 2, read);
        Assert.Equal([0, 4], read);
    }

    [Fact]
    public void A_tensor_that_takes_more_than_2_GiB_is_read_whole_and_its_file_leaves_memory()
    {
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < RoomNeeded)
            Assert.Skip("needs 4 GiB of memory");
        using var folder = new TemporaryFolder();
        using var file = Make(folder, "U8", 1, index => [(byte)index]);
        var before = MappedFileBytes();
        using var large = SourceTensors.Read(file, "large", CPU);
        var held = MappedFileBytes() - before;
        using var next = SourceTensors.Read(file, "next", CPU);
        Assert.Equal(Count, large.numel());
        foreach (var (index, value) in Written[..^1])
            Assert.Equal(value, large[index].ReadNumber());
        Assert.Equal(5, next[2].ReadNumber());
        Assert.Equal(Written.Length - 1, large.count_nonzero().ReadNumber());
        // 512 MiB without the release; what other tests map at the same time is far less than the limit.
        Assert.True(held < 1 << 28, $"{held} bytes of files still mapped");
    }

    private static readonly (long Index, int Value)[] Written =
    [
        (0, 1), ((1L << 29) - 1, 2), (1L << 29, 3), (Count - 1, 4), (Count + 2, 5),
    ];

    private static SafetensorsFile Make(TemporaryFolder folder, string type, int itemSize, Func<int, byte[]> bytes)
    {
        var path = folder.File("large.safetensors");
        SparseCheckpoint.WriteFile(path, [("large", [Count]), ("next", [3])], type, itemSize);
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write))
            foreach (var (index, value) in Written)
            {
                stream.Position = stream.Length - (itemSize * (Count + 3 - index));
                stream.Write(bytes(value));
            }
        return SafetensorsFile.Open(path);
    }

    private static long MappedFileBytes() => OperatingSystem.IsLinux()
        ? 1024 * File.ReadLines("/proc/self/status").Where(line => line.StartsWith("RssFile:", StringComparison.Ordinal))
            .Select(line => long.Parse(
                line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).Single()
        : 0;
}
