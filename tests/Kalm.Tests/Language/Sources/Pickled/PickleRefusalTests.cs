using System.IO.Compression;
using System.Text;
using Kalm.Language.Sources.Pickled;

namespace Kalm.Tests.Language.Sources.Pickled;

/// <summary>What is no description of weights is refused by name, and nothing of it is run.</summary>
public sealed class PickleRefusalTests : IDisposable
{
    private const string NeverRun = "expected tensors and plain values alone: code that a file names is never run; where you trust the file, load it with torch";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("\x80\x02cos\nsystem\nX\x05\0\0\0touch\x85R.", "its pickle names 'os.system', " + NeverRun)]
    [InlineData("\x80\x02cposix\nsystem\n.", "its pickle names 'posix.system'")]
    [InlineData("\x80\x02c__builtin__\neval\nX\x01\0\0\0" + "1\x85R.", "its pickle names 'builtins.eval', " + NeverRun)]
    [InlineData("\x80\x04\x8c\x08" + "builtins\x8c\x04" + "exec\x93.", "its pickle names 'builtins.exec'")]
    [InlineData("\x80\x02(ios\nsystem\n.", "its pickle calls 'os.system', " + NeverRun)]
    [InlineData("\x80\x02ctorch.storage\n_load_from_bytes\n.", "its pickle names 'torch.storage._load_from_bytes'")]
    [InlineData("\x80\x02ctorch._utils\n_rebuild_qtensor\n.", "its pickle names 'torch._utils._rebuild_qtensor'")]
    [InlineData("\x80\x02ctorch._utils._rebuild_tensor_v2\n__globals__\n.", "its pickle names 'torch._utils._rebuild_tensor_v2.__globals__'")]
    [InlineData("\x80\x02" + "cargparse\nNamespace\n)\x81}b.", "its pickle names 'argparse.Namespace'")]
    [InlineData("\x80\x02}X\x01\0\0\0a\x85R.", "its pickle calls something that is no name")]
    [InlineData("\x80\x02ctorch\nFloatStorage\n)R.", "its pickle calls 'torch.FloatStorage' in a way that torch.save does not")]
    [InlineData("\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "its pickle calls 'torch._utils._rebuild_tensor_v2' in a way")]
    [InlineData("\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nN)NtR.", "'torch._tensor._rebuild_from_type_v2' in a way")]
    [InlineData("\x80\x02Pid\n.", "holds the opcode 0x50 at byte 2, which torch.save does not write")]
    [InlineData("\x80\x02\x82\x01.", "holds the opcode 0x82")]
    [InlineData("\x80\x05\x97.", "holds the opcode 0x97")]
    [InlineData("\x80\x01N.", "is of protocol 1, expected 2 to 5")]
    [InlineData("\x80\x06N.", "is of protocol 6, expected 2 to 5")]
    [InlineData("\x80\x02X\x01\0\0\0aQ.", "refers to something that is no storage of torch's")]
    [InlineData("\x80\x02(X\x06\0\0\0objectctorch\nFloatStorage\nX\x01\0\0\0" + "0NK\x08tQ.", "refers to something that is no storage of torch's")]
    [InlineData("\x80\x02(X\x07\0\0\0storagectorch\nfloat32\nX\x01\0\0\0" + "0NK\x08tQ.", "refers to something that is no storage of torch's")]
    [InlineData("\x80\x02X\xff\xff\xff\xff.", "ends at byte 8 in the midst of a value; is the file cut short?")]
    [InlineData("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "in the midst of a value")]
    [InlineData("\x80\x02\x8b\xff\xff\xff\xff.", "in the midst of a value")]
    [InlineData("\x80\x02X\x01\0\0\0\xff.", "holds a text that is not valid UTF-8")]
    [InlineData("\x80\x02N", "ends at byte 3")]
    [InlineData("\x80\x02.", "takes a value where it has none")]
    [InlineData("\x80\x02N(0a.", "takes a value where it has none")]
    [InlineData("\x80\x02N(a.", "takes a value where it has none")]
    [InlineData("\x80\x02t.", "takes values from a mark where it has none")]
    [InlineData("\x80\x02h\x05.", "recalls the value 5, which it has not memorized")]
    [InlineData("\x80\x02NNNs.", "sets a key of something that is no dictionary")]
    [InlineData("\x80\x02}(Nu.", "sets a key without a value")]
    [InlineData("\x80\x02}Na.", "appends to something that is no list")]
    [InlineData("\x80\x02" + "cos", "names something without an end")]
    [InlineData("\x80\x04NN\x93.", "names something that is no name")]
    [InlineData("\x80\x02N.", "found nothing, expected a dictionary of tensors by name")]
    [InlineData("\x80\x02].", "found a list, expected a dictionary of tensors by name")]
    [InlineData("\x80\x02}X\x05\0\0\0epochK\x01s.", "found 'epoch', expected tensors by name, or such a dictionary under state_dict, model, module")]
    [InlineData("\x80\x02}q\0X\x05\0\0\0modelh\0s.", "found 'model', expected tensors by name")]
    public void Refuses_what_is_no_pickle_of_weights(string pickle, string expected) => AssertRefused(PickleBytes.Archive(pickle), expected);

    [Fact]
    public void Refuses_a_tensor_outside_of_its_storage()
    {
        using (var file = PickledFile.Open(Write(PickleBytes.Archive(PickleBytes.Tensor("K\x04", "K\x02K\x02\x86", "K\x02K\x01\x86")))))
            Assert.Equal([2, 2], Assert.Single(file.Tensors).Shape);
        Refuse(PickleBytes.Tensor("K\x05", "K\x02K\x02\x86", "K\x02K\x01\x86"), "'w': ends at element 9 of its storage, which holds 8");
        Refuse(PickleBytes.Tensor("K\0", "K\x02K\x02\x86", "K\x08K\x01\x86"), "'w': ends at element 10 of its storage, which holds 8");
        Refuse(PickleBytes.Tensor("J\xff\xff\xff\xff"), "offset -1 and 8 stored numbers, expected none below zero");
        Refuse(PickleBytes.Tensor(shape: "J\xff\xff\xff\xff\x85"), "found the shape [-1]");
        Refuse(PickleBytes.Tensor(strides: "J\xff\xff\xff\xff\x85"), "strides [-1]");
        Refuse(PickleBytes.Tensor(strides: ")"), "found 1 sizes and 0 strides");
        const string Most = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
        Refuse(PickleBytes.Tensor(Most), "'w': ends at element 9223372036854775809 of its storage");
        Refuse(PickleBytes.Tensor(shape: Most + "\x85", strides: "K\0\x85"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(shape: $"{Most}{Most}{Most}\x87", strides: $"{Most}{Most}{Most}\x87"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(shape: "J\xff\xff\xff\x7f\x85", strides: "K\0\x85"), "takes more than the file's");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("K\x08", "K\x09", StringComparison.Ordinal)), "'w': its storage '0' has 32 bytes, expected 36");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("K\x08", Most, StringComparison.Ordinal)), "'w': its storage '0' has 32 bytes, expected");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("\00X", "\01X", StringComparison.Ordinal)), "'w': its storage '1' is not in the archive");
        Refuse(PickleBytes.Tensor(storage: PickleBytes.Storage.Replace("FloatS", "ComplexFloatS", StringComparison.Ordinal)), "found the type torch.ComplexFloatStorage, expected one of F64");
    }

    [Fact]
    public void Refuses_tensors_that_read_the_same_numbers_without_end()
    {
        var pickle = new StringBuilder("\x80\x02}" + PickleBytes.Tensor("K\0", "K\x08\x85")[3..].Replace("tRs.", "tRq\x01s", StringComparison.Ordinal));
        for (var number = 0; number < 2000; number++)
            pickle.Append($"X\x04\0\0\0{number:D4}h\x01s");
        Refuse(pickle.Append('.').ToString(), "its tensors take more than 16 times the");
    }

    [Fact]
    public void Names_the_formats_that_are_not_read()
    {
        AssertRefused([], "found an empty file, expected the ZIP archive that torch.save writes");
        AssertRefused(PickleBytes.Of("\x80\x02\x8a\x0al\xfc\x9c" + "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."), "found the format of torch.save before PyTorch 1.6, which is not read");
        AssertRefused(PickleBytes.Of("\x80\x02N."), "found a pickle without its archive");
        AssertRefused("GGUF...."u8.ToArray(), "found a file that begins with 'GGUF....'");
        AssertRefused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"u8.ToArray(), "a Git LFS pointer instead of the file itself");
        var weights = PickleBytes.Of(PickleBytes.Tensor());
        AssertRefused(PickleBytes.Zip(new() { ["a/data.pkl"] = weights, ["a/constants.pkl"] = [] }), "found a program of TorchScript, which is not run");
        AssertRefused(PickleBytes.Zip(new() { ["a/data.pkl"] = weights, ["a/byteorder"] = "big"u8.ToArray() }), "byteorder: found 'big', expected 'little'");
        AssertRefused(PickleBytes.Zip(new() { ["a/b/data.pkl"] = weights }), "found 0 entries data.pkl among 1, expected one");
        AssertRefused(PickleBytes.Archive([.. weights, .. new byte[1000]], PickleBytes.Eight, CompressionLevel.Optimal), "is compressed by method 8; expected entries stored as they are");
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
    [InlineData("nested tuples", "\x85")]
    [InlineData("numbers", "K\x01\x30")]
    [InlineData("memorized numbers", "K\x01\x94\x30")]
    [InlineData("dictionaries", "}\x94\x30")]
    [InlineData("nested dictionaries", "X\x01\0\0\0a}\x94s2X\x01\0\0\0b}s")]
    [InlineData("calls", "ccollections\nOrderedDict\n)R0")]
    [InlineData("texts", "X\x04\0\0\0text0")]
    [InlineData("keys", "X\x04\0\0\0textNs")]
    [InlineData("one long text", "", "X\0\0\0\x01")]
    [InlineData("doubled tuples", "2\x86\x94")]
    public void Costs_no_more_than_its_size(string name, string part, string before = "")
    {
        Assert.NotEmpty(name);
        const int Megabytes = 20;
        var bytes = new byte[Megabytes << 20];
        var begin = PickleBytes.Of("\x80\x04}" + before);
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
