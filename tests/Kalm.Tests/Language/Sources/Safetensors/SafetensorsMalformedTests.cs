using System.Text;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Safetensors;

public sealed class SafetensorsMalformedTests : IDisposable
{
    private const string One = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    // The beginning and the shape of the JSON.
    [InlineData("", 0, "does not begin with '{'")]
    [InlineData("[]", 0, "does not begin with '{'")]
    [InlineData(" {}", 0, "does not begin with '{'")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{}x", 0, "not valid JSON")]
    [InlineData("{},{}", 0, "not valid JSON")]
    [InlineData("""{"a":[[[[[[[[[[[1]]]]]]]]]]]}""", 0, "'a': found a list")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[[[[[[[[[1]]]]]]]]]],"data_offsets":[0,1]}}""", 1, "'a': shape")]
    // Keys.
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}""",
        2, "'a': occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}""",
        2, "'a': occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1, "'a': the key dtype occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"shape":[],"data_offsets":[0,1]}}""", 1, "'a': the key shape occurs twice")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"data_offsets":[0,1]}}""", 1, "'a': the key data_offsets occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"offset":3}}""", 1, "'a': found the key 'offset'")]
    [InlineData("""{"a":{"shape":[],"data_offsets":[0,1]}}""", 1, "'a': has no dtype")]
    [InlineData("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "'a': has no shape")]
    [InlineData("""{"a":{"dtype":"U8","shape":[]}}""", 1, "'a': has no data_offsets")]
    [InlineData("""{"a":null}""", 0, "'a': found null")]
    [InlineData("""{"\ud800":1}""", 0, "not valid Unicode")]
    // Metadata.
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__: 'a': found 1, expected a string")]
    [InlineData("""{"__metadata__":{"a":null}}""", 0, "__metadata__: 'a': found null")]
    [InlineData("""{"__metadata__":{"a":{}}}""", 0, "__metadata__: 'a': found an object")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__: found a list")]
    [InlineData("""{"__metadata__":{"a":"x","a":"x"}}""", 0, "'a' occurs twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "__metadata__ occurs twice")]
    // Types and numbers.
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", 1, "'a': dtype: found 'F8_E4M3', expected one of F64")]
    [InlineData("""{"a":{"dtype":"Bool","shape":[1],"data_offsets":[0,1]}}""", 1, "'a': dtype: found 'Bool'")]
    [InlineData("""{"a":{"dtype":3,"shape":[1],"data_offsets":[0,1]}}""", 1, "'a': dtype: found 3")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}""", 1, "'a': shape: found -1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1, "'a': shape: found 1.0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", 1, "'a': shape: found 1e0")]
    [InlineData("""{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "'a': shape: found a string")]
    [InlineData("""{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}""", 1, "'a': shape: found 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}""", 1, "'a': shape: found 99999")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}""", 1, "'a': data_offsets: found -1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0.5,1]}}""", 1, "'a': data_offsets: found 0.5")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "'a': data_offsets: found 1 numbers, expected 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}""", 1, "'a': data_offsets: found more than 2")]
    // Sizes and ranges.
    [InlineData(
        """{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,1]}}""", 1, "'a': the shape [4294967296, 4294967296]")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,1]}}""", 1, "'a': the shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}""", 3, "'a': found 3 bytes, expected 4 for F32 [1]")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "'a': data_offsets: ends at 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "'a': leaves a hole before it: found begin 1, expected 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""",
        3, "'b': leaves a hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""",
        3, "'b': overlaps")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "'a': ends at byte 2 of the data, but the file holds 1")]
    [InlineData(One, 2, "found 2 bytes of data, expected 1")]
    [InlineData("{}", 1, "found 1 bytes of data, expected 0")]
    public void Refuses_a_faulty_header_and_names_the_fault(string header, int dataLength, string expected) =>
        AssertRefused(SafetensorsBytes.Make(header, new byte[dataLength]), expected);

    [Fact]
    public void Refuses_a_header_that_is_not_UTF_8() =>
        AssertRefused(SafetensorsBytes.Make([(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}']), "not valid UTF-8");

    [Theory]
    [InlineData(100_000_001UL, "expected at most 100000000")]
    [InlineData(ulong.MaxValue, "expected at most 100000000")]
    [InlineData(100_000_000UL, "is it cut short?")]
    [InlineData(55UL, "is it cut short?")]
    public void Refuses_a_header_length_beyond_the_limit_or_the_file(ulong length, string expected) =>
        AssertRefused(SafetensorsBytes.MakeWithLength(length, Encoding.UTF8.GetBytes(One), 7), expected);

    [Fact]
    public void Refuses_more_dimensions_and_tensors_than_any_model_has()
    {
        var ones = string.Join(",", Enumerable.Repeat("1", 33));
        AssertRefused(SafetensorsBytes.Make(SafetensorsBytes.Entry("a", "U8", $"[{ones}]", "[0,1]"), 0), "'a': shape: found more than 32");

        var many = new StringBuilder("{");
        for (var i = 0; i <= 150_000; i++)
            many.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        AssertRefused(SafetensorsBytes.Make(many.Append('}').ToString()), "more than 150000");
    }

    [Fact]
    public void Refuses_texts_of_tens_of_megabytes() =>
        AssertRefused(SafetensorsBytes.Make("{\"__metadata__\":{\"a\":\"" + new string('x', 11 << 20) + "\"}}"), "take more than 10 MB");

    [Fact]
    public void Refuses_a_file_cut_short_at_every_length()
    {
        var whole = SafetensorsBytes.Make(SafetensorsBytes.Entry("a", "F32", "[2,3]", "[0,24]"), new byte[24]);
        for (var length = 0; length < whole.Length; length++)
            AssertRefused(whole[..length], "");
        Assert.Single(Open(whole).Tensors);
    }

    [Fact]
    public void Refuses_a_missing_file_and_a_folder()
    {
        Assert.Contains("no such file", Assert.Throws<KalmException>(() => SafetensorsFile.Open(_folder.File("absent"))).Message,
            StringComparison.Ordinal);
        Assert.Throws<KalmException>(() => SafetensorsFile.Open(_folder.Path));
    }

    [Fact]
    public void Messages_stay_short_and_on_one_line_whatever_the_name()
    {
        var name = "\\n\\u0007" + new string('x', 5000);
        var path = Save(SafetensorsBytes.Make(SafetensorsBytes.Entry(name, "F99", "[1]", "[0,1]"), 0));
        var message = Assert.Throws<KalmException>(() => SafetensorsFile.Open(path)).Message;
        Assert.True(message.Length < 400 + path.Length);
        Assert.DoesNotContain(message, char.IsControl);
    }

    private void AssertRefused(byte[] file, string expected)
    {
        var path = Save(file);
        var error = Assert.Throws<KalmException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private SafetensorsFile Open(byte[] file) => SafetensorsFile.Open(Save(file));

    private string Save(byte[] file)
    {
        var path = _folder.File("model.safetensors");
        // A file still mapped keeps its pages: the name gets a new file.
        File.Delete(path);
        File.WriteAllBytes(path, file);
        return path;
    }
}
