using System.Buffers.Binary;
using Kalm.Engine;
using TorchSharp;

namespace Kalm.Tests.Engine;

public class NativeEngineTests
{
    [Fact]
    public void The_native_library_loads_and_computes()
    {
        NativeEngine.Initialize();
        NativeEngine.Initialize();
        using var sum = torch.ones(3).sum();
        Assert.Equal(3, sum.ReadNumber());
    }

    [Fact]
    public void The_engine_looks_for_the_libtorch_that_the_build_references()
    {
        var versions = File.ReadAllText(Path.Combine(LayeringTests.RepositoryRoot(), "Directory.Packages.props"));
        Assert.Contains(
            $"Include=\"libtorch-cpu-linux-x64\" Version=\"{NativeEngine.LibtorchVersion}\"", versions, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_flag_of_the_named_version_is_changed()
    {
        var bridge = Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).FirstOrDefault();
        Assert.SkipUnless(bridge is not null, "needs libLibTorchSharp.so: Linux only");
        var image = File.ReadAllBytes(bridge!);
        var patched = image.ToArray();

        Assert.Equal(1, ElfVersionMarker.MakeWeak(patched, "GLIBCXX_3.4.32"));

        var changed = Enumerable.Range(0, image.Length).Where(at => image[at] != patched[at]).ToArray();
        Assert.Single(changed);
        Assert.Equal(2, patched[changed[0]] ^ image[changed[0]]);
        Assert.Equal(0, ElfVersionMarker.MakeWeak(patched, "GLIBCXX_9.9.99"));
    }

    [Fact]
    public void A_file_that_is_no_library_or_is_cut_short_is_an_error()
    {
        Assert.Throws<KalmException>(() => ElfVersionMarker.MakeWeak(new byte[100], "GLIBCXX_3.4.32"));
        var cut = new byte[64];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1 }.CopyTo(cut, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(cut.AsSpan(0x28), 1 << 20);
        BinaryPrimitives.WriteUInt16LittleEndian(cut.AsSpan(0x3a), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(cut.AsSpan(0x3c), 3);
        Assert.Throws<KalmException>(() => ElfVersionMarker.MakeWeak(cut, "GLIBCXX_3.4.32"));
    }
}
