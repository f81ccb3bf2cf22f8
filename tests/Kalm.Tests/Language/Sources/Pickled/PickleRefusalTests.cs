using System.IO.Compression;
using System.Text;
using Kalm.Language.Sources.Pickled;

namespace Kalm.Tests.Language.Sources.Pickled;

/// <summary>What is no description of weights is refused by name, and nothing of it is run.</summary>
public sealed class PickleRefusalTests : IDisposable
{
    private const string NeverRun =
        "expected tensors and plain values alone: code that a file names is never run; where you trust the file, load it with torch";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("\u0080\u0002cos\nsystem\nX\u0005\0\0\0touch\u0085R.", "its pickle names 'os.system', " + NeverRun)]
    [InlineData("\u0080\u0002cposix\nsystem\n.", "its pickle names 'posix.system'")]
    [InlineData("\u0080\u0002c__builtin__\neval\nX\u0001\0\0\01\u0085R.", "its pickle names 'builtins.eval', " + NeverRun)]
    [InlineData("\u0080\u0004\u008c\u0008builtins\u008c\u0004exec\u0093.", "its pickle names 'builtins.exec'")]
    [InlineData("\u0080\u0002(ios\nsystem\n.", "its pickle calls 'os.system', " + NeverRun)]
    [InlineData("\u0080\u0002ctorch.storage\n_load_from_bytes\n.", "its pickle names 'torch.storage._load_from_bytes'")]
    [InlineData("\u0080\u0002ctorch._utils\n_rebuild_qtensor\n.", "its pickle names 'torch._utils._rebuild_qtensor'")]
    [InlineData(
        "\u0080\u0002ctorch._utils._rebuild_tensor_v2\n__globals__\n.", "its pickle names 'torch._utils._rebuild_tensor_v2.__globals__'")]
    [InlineData("\u0080\u0002cargparse\nNamespace\n)\u0081}b.", "its pickle names 'argparse.Namespace'")]
    [InlineData("\u0080\u0002}X\u0001\0\0\0a\u0085R.", "its pickle calls something that is no name")]
    [InlineData("\u0080\u0002ctorch\nFloatStorage\n)R.", "its pickle calls 'torch.FloatStorage' in a way that torch.save does not")]
    [InlineData("\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\n)R.", "its pickle calls 'torch._utils._rebuild_tensor_v2' in a way")]
    [InlineData("\u0080\u0002ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN)NtR.",
        "'torch._tensor._rebuild_from_type_v2' in a way")]
    [InlineData("\u0080\u0002Pid\n.", "holds the opcode 0x50 at byte 2, which torch.save does not write")]
    [InlineData("\u0080\u0002\u0082\u0001.", "holds the opcode 0x82")]
    [InlineData("\u0080\u0005\u0097.", "holds the opcode 0x97")]
    [InlineData("\u0080\u0001N.", "is of protocol 1, expected 2 to 5")]
    [InlineData("\u0080\u0006N.", "is of protocol 6, expected 2 to 5")]
    [InlineData("\u0080\u0002X\u0001\0\0\0aQ.", "refers to something that is no storage of torch's")]
    [InlineData("\u0080\u0002(X\u0006\0\0\0objectctorch\nFloatStorage\nX\u0001\0\0\00NK\u0008tQ.",
        "refers to something that is no storage of torch's")]
    [InlineData(
        "\u0080\u0002(X\u0007\0\0\0storagectorch\nfloat32\nX\u0001\0\0\00NK\u0008tQ.", "refers to something that is no storage of torch's")]
    [InlineData("\u0080\u0002X\u00ff\u00ff\u00ff\u00ff.", "ends at byte 8 in the midst of a value; is the file cut short?")]
    [InlineData("\u0080\u0004\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff.", "in the midst of a value")]
    [InlineData("\u0080\u0002\u008b\u00ff\u00ff\u00ff\u00ff.", "in the midst of a value")]
    [InlineData("\u0080\u0002X\u0001\0\0\0\u00ff.", "holds a text that is not valid UTF-8")]
    [InlineData("\u0080\u0002N", "ends at byte 3")]
    [InlineData("\u0080\u0002.", "takes a value where it has none")]
    [InlineData("\u0080\u0002N(0a.", "takes a value where it has none")]
    [InlineData("\u0080\u0002N(a.", "takes a value where it has none")]
    [InlineData("\u0080\u0002t.", "takes values from a mark where it has none")]
    [InlineData("\u0080\u0002h\u0005.", "recalls the value 5, which it has not memorized")]
    [InlineData("\u0080\u0002NNNs.", "sets a key of something that is no dictionary")]
    [InlineData("\u0080\u0002}(Nu.", "sets a key without a value")]
    [InlineData("\u0080\u0002}Na.", "appends to something that is no list")]
    [InlineData("\u0080\u0002cos", "names something without an end")]
    [InlineData("\u0080\u0004NN\u0093.", "names something that is no name")]
    [InlineData("\u0080\u0002N.", "found nothing, expected a dictionary of tensors by name")]
    [InlineData("\u0080\u0002].", "found a list, expected a dictionary of tensors by name")]
    [InlineData("\u0080\u0002}X\u0005\0\0\0epochK\u0001s.",
        "found 'epoch', expected tensors by name, or such a dictionary under state_dict, model, module")]
    [InlineData("\u0080\u0002}q\0X\u0005\0\0\0modelh\0s.", "found 'model', expected tensors by name")]
    public void Refuses_what_is_no_pickle_of_weights(string pickle, string expected) =>
        AssertRefused(PickleBytes.Archive(pickle), expected);

    [Fact]
    public void Refuses_a_tensor_outside_of_its_storage()
    {
        using (var file = PickledFile.Open(
            Write(PickleBytes.Archive(PickleBytes.Tensor("K\u0004", "K\u0002K\u0002\u0086", "K\u0002K\u0001\u0086")))))
            Assert.Equal([2, 2], Assert.Single(file.Tensors).Shape);
        Refuse(PickleBytes.Tensor("K\u0005", "K\u0002K\u0002\u0086", "K\u0002K\u0001\u0086"),
            "'w': ends at element 9 of its storage, which holds 8");
        Refuse(PickleBytes.Tensor("K\0", "K\u0002K\u0002\u0086", "K\u0008K\u0001\u0086"),
            "'w': ends at element 10 of its storage, which holds 8");
        Refuse(PickleBytes.Tensor("J\u00ff\u00ff\u00ff\u00ff"), "offset -1 and 8 stored numbers, expected none below zero");
        Refuse(PickleBytes.Tensor(shape: "J\u00ff\u00ff\u00ff\u00ff\u0085"), "found the shape [-1]");
        Refuse(PickleBytes.Tensor(strides: "J\u00ff\u00ff\u00ff\u00ff\u0085"), "strides [-1]");
        Refuse(PickleBytes.Tensor(strides: ")"), "found 1 sizes and 0 strides");
        const string Most = "\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f";
        Refuse(PickleBytes.Tensor(Most), "'w': ends at element 9223372036854775809 of its storage");
        Refuse(PickleBytes.Tensor(shape: Most + "\u0085", strides: "K\0\u0085"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(shape: $"{Most}{Most}{Most}\u0087", strides: $"{Most}{Most}{Most}\u0087"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(shape: "J\u00ff\u00ff\u00ff\u007f\u0085", strides: "K\0\u0085"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("K\u0008", "K\u0009", StringComparison.Ordinal)),
            "'w': its storage '0' has 32 bytes, expected 36");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("K\u0008", Most, StringComparison.Ordinal)),
            "'w': its storage '0' has 32 bytes, expected");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("\00X", "\01X", StringComparison.Ordinal)),
            "'w': its storage '1' is not in the archive");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("FloatS", "ComplexFloatS", StringComparison.Ordinal)),
            "found the type torch.ComplexFloatStorage, expected one of F64");
    }

    [Fact]
    public void Refuses_tensors_that_read_the_same_numbers_without_end()
    {
        var storage = PickleBytes.Storage.Replace("K\u0008", "M\u0000\u0010", StringComparison.Ordinal);
        var first = PickleBytes.Tensor(shape: "M\u0000\u0010\u0085", storage: storage);
        var pickle = new StringBuilder(first.Replace("tRs.", "tRq\u0001s", StringComparison.Ordinal));
        for (var number = 0; number < 2000; number++)
            pickle.Append($"X\u0004\0\0\0{number:D4}h\u0001s");
        var file = PickleBytes.Archive(PickleBytes.Of(pickle.Append('.').ToString()), new() { ["0"] = new byte[4 << 12] });
        AssertRefused(file, "its tensors take more than 16 times the");
    }

    [Fact]
    public void Names_the_formats_that_are_not_read()
    {
        AssertRefused([], "found an empty file, expected the ZIP archive that torch.save writes");
        AssertRefused(PickleBytes.Of("\u0080\u0002\u008a\u000al\u00fc\u009cF\u00f9 j\u00a8P\u0019.\u0080\u0002M\u00e9\u0003."),
            "found the format of torch.save before PyTorch 1.6, which is not read");
        AssertRefused(PickleBytes.Of("\u0080\u0002N."), "found a pickle without its archive");
        AssertRefused("GGUF...."u8.ToArray(), "found a file that begins with 'GGUF....'");
        AssertRefused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"u8.ToArray(),
            "a Git LFS pointer instead of the file itself");
        var weights = PickleBytes.Of(PickleBytes.Tensor());
        AssertRefused(PickleBytes.Zip(new() { ["a/data.pkl"] = weights, ["a/constants.pkl"] = [] }),
            "found a program of TorchScript, which is not run");
        AssertRefused(PickleBytes.Zip(new() { ["a/data.pkl"] = weights, ["a/byteorder"] = "big"u8.ToArray() }),
            "byteorder: found 'big', expected 'little'");
        AssertRefused(PickleBytes.Zip(new() { ["a/b/data.pkl"] = weights }), "found 0 entries data.pkl among 1, expected one");
        AssertRefused(PickleBytes.Archive([.. weights, .. new byte[1000]], PickleBytes.Eight, CompressionLevel.Optimal),
            "is compressed by method 8; expected entries stored as they are");
    }

    [Fact]
    public void Refuses_an_archive_that_is_cut_short()
    {
        var sound = PickleBytes.Archive(PickleBytes.Tensor());
        for (var length = 4; length < sound.Length; length++)
            AssertRefused(sound[..length], "has no directory of a ZIP archive at its end; is it cut short?");
        // The content is gone, the directory is there.
        AssertRefused([.. sound[..10], .. sound[200..]], "is the file cut short?", "is it cut short?");
    }

    [Theory]
    [InlineData("lists", "]")]
    [InlineData("nothing", "N0")]
    [InlineData("marks", "(")]
    [InlineData("tuples", "(t0")]
    [InlineData("nested tuples", "\u0085")]
    [InlineData("numbers", "K\u0001\u0030")]
    [InlineData("memorized numbers", "K\u0001\u0094\u0030")]
    [InlineData("dictionaries", "}\u0094\u0030")]
    [InlineData("nested dictionaries", "X\u0001\0\0\0a}\u0094s2X\u0001\0\0\0b}s")]
    [InlineData("calls", "ccollections\nOrderedDict\n)R0")]
    [InlineData("texts", "X\u0004\0\0\0text0")]
    [InlineData("keys", "X\u0004\0\0\0textNs")]
    [InlineData("one long text", "", "X\0\0\0\u0001")]
    [InlineData("doubled tuples", "2\u0086\u0094")]
    public void Costs_no_more_than_its_size(string name, string part, string before = "")
    {
        Assert.NotEmpty(name);
        const int Megabytes = 20;
        var bytes = new byte[Megabytes << 20];
        var begin = PickleBytes.Of("\u0080\u0004}" + before);
        begin.CopyTo(bytes, 0);
        var piece = PickleBytes.Of(part.Length == 0 ? "x" : part);
        for (var at = begin.Length; at + piece.Length < bytes.Length; at += piece.Length)
            piece.CopyTo(bytes, at);
        bytes[^1] = (byte)'.';
        var path = Write(PickleBytes.Archive(bytes, PickleBytes.Eight));
        HostileSizeTests.AssertBounded(path, () => PickledFile.Open(path).Dispose());
    }

    private void Refuse(string pickle, string expected) => AssertRefused(PickleBytes.Archive(pickle), expected);

    private void AssertRefused(byte[] file, params string[] anyOf)
    {
        var path = Write(file);
        var message = Assert.Throws<KalmException>(() => PickledFile.Open(path).Dispose()).Message;
        Assert.StartsWith(path + ": ", message, StringComparison.Ordinal);
        Assert.True(anyOf.Any(expected => message.Contains(expected, StringComparison.Ordinal)), message);
    }

    private string Write(byte[] bytes)
    {
        var path = folder.File("pytorch_model.bin");
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
