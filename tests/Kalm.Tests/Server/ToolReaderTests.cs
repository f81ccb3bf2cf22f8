using System.Text.Json;
using Kalm.Extensions.Inference;
using Kalm.Server.Routes;

namespace Kalm.Tests.Server;

public class ToolReaderTests
{
    private static readonly ToolSet Tools = ToolRequest.Of(
        JsonSerializer.Deserialize<JsonElement>("""[{"type":"function","function":{"name":"f"}},{"type":"function","name":"g"}]"""),
        default, null)!;

    [Theory]
    [InlineData("Plain text.", "Plain text.", "")]
    [InlineData("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>", "", "f{\"a\": 1}")]
    [InlineData("I look.<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":{}}",
        "I look.", "f{} g{}")]
    [InlineData("{\"name\": \"g\", \"parameters\": {\"b\": 2}}", "", "g{\"b\": 2}")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}]", "", "f{}")]
    [InlineData("{\"name\": \"other\", \"arguments\": {}}", "{\"name\": \"other\", \"arguments\": {}}", "")]
    [InlineData("a < b, {x}", "a < b, {x}", "")]
    [InlineData("<tool_call>no JSON", "<tool_call>no JSON", "")]
    public void Calls_are_found_in_the_models_own_forms_however_they_come(string written, string text, string calls)
    {
        for (var size = 1; size <= written.Length; size += 3)
        {
            var reader = new ToolReader(Tools);
            var given = string.Concat(written.Chunk(size).Select(piece => reader.Add(new string(piece)))) + reader.Finish(isWhole: true);
            Assert.Equal(text, given);
            Assert.Equal(calls, string.Join(" ", reader.Calls.Select(call => call.Name + call.Arguments)));
        }
    }

    [Fact]
    public void Text_that_can_be_no_call_is_given_out_at_once()
    {
        var reader = new ToolReader(Tools);
        Assert.Equal("Hello", reader.Add("Hello"));
        Assert.Equal("", reader.Add("<tool"));
        Assert.Equal("<tool box", reader.Add(" box"));
    }
}
