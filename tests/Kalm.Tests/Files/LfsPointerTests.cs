using Kalm.Files;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Files;

public sealed class LfsPointerTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_pointer_in_place_of_a_file_is_named_as_such()
    {
        var path = folder.Write("model.safetensors", Pointer);
        Assert.Equal($"{path}: {LfsPointer.Advice}", Assert.Throws<KalmException>(() => SafetensorsFile.Open(path)).Message);
        path = folder.Write("config.json", Pointer);
        Assert.Equal($"{path}: {LfsPointer.Advice}", Assert.Throws<KalmException>(() => FolderSource.Open(folder.Path)).Message);
        Assert.Contains("git lfs pull", LfsPointer.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_texts_are_not()
    {
        Assert.True(LfsPointer.IsPointer("version https://git-lfs.github.com/spec/v1\n"u8));
        Assert.False(LfsPointer.IsPointer("version https://git-lfs.github.com/spec"u8));
        Assert.False(LfsPointer.IsPointer([.. "version https://git-lfs.github.com/spec/v1\n"u8, .. new byte[1000]]));
        Assert.False(LfsPointer.IsPointer([]));
    }
}
