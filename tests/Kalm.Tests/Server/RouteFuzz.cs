using System.Globalization;
using System.Text.Json.Nodes;

namespace Kalm.Tests.Server;

/// <summary>Bodies that are answered well, one of every route that takes one, and what can be put in their place.</summary>
internal static class RouteFuzz
{
    private const string Mark = "\"@\"";

    /// <summary>Raw JSON, and what is none, of every kind.</summary>
    public static readonly string[] Values =
    [
        "null", "true", "0", "-1", "3", "0.5", "1e999", "99999999999999999999", "NaN", "\"\"", "\"bird\"", "\"\\ud800\"", "\"\\u0000\"",
        "[]", "{}", "[null]", "[[[]]]", "{\"\\udc00\":1}", "{\"type\":\"function\"}", "[{\"role\":\"user\",\"content\":[{}]}]",
        $"\"{new string('z', 20_000)}\"", string.Concat(Enumerable.Repeat("{\"a\":", 70)) + "1" + new string('}', 70),
        new string('[', 40) + new string(']', 40),
    ];

    /// <summary>By method and path.</summary>
    public static readonly Dictionary<string, string> Bodies = new()
    {
        ["POST /v1/complete"] = """
            {"head":"bird","relation":"has kind","top":2,"explain":1,"rerank":false,"known":true,"facts":true,"strict_types":false}
            """,
        ["POST /v1/verify"] = """{"head":"bird8","relation":"kind of","tail":"bird","explain":1}""",
        ["POST /v1/entities"] = """{"id":"new","name":"gull","text":"gull, a bird"}""",
        ["PUT /v1/entities/{id}"] = """{"name":"gull","text":"gull, a bird"}""",
        ["POST /v1/facts"] = """{"head":"bird8","relation":"kind of","tail":"fish"}""",
        ["POST /v1/facts/rejections"] = """{"head":"bird16","relation":"kind of","tail":"fish"}""",
        ["POST /v1/embeddings"] = """
            {"input":["a fish"],"model":"base","encoding_format":"float","dimensions":32,"user":"u","input_type":"query"}
            """,
        ["POST /v1/rerank"] = Rerank,
        ["POST /v2/rerank"] = Rerank,
        ["POST /rerank"] = """
            {"query":"a","texts":["b"],"raw_scores":true,"return_text":true,"truncate":true,"truncation_direction":"right"}
            """,
        ["POST /v1/chat/completions"] = """
            {"model":"base","messages":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"a"}]},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"b"}],"max_tokens":1,"temperature":1,"top_p":0.9,"top_k":3,"min_p":0,"seed":1,
            "presence_penalty":0,"frequency_penalty":0,"repetition_penalty":1,"logit_bias":{"9":1},"stop":["x"],"n":1,"stream":true,
            "stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":1,"parallel_tool_calls":true,"grounding":false,
            "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}],
            "tool_choice":{"type":"function","function":{"name":"f"}},
            "response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"enum":[1]}}}}
            """,
        ["POST /v1/completions"] = """
            {"model":"base","prompt":["a"],"max_tokens":1,"temperature":1,"n":1,"best_of":1,"stream":false,"logprobs":1,"stop":"x",
            "echo":false}
            """,
        ["POST /v1/responses"] = """
            {"model":"base","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"b"}],
            "instructions":"a","max_output_tokens":1,"stream":false,
            "text":{"format":{"type":"json_schema","name":"a","schema":{"enum":[1]}}},
            "tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":"auto","parallel_tool_calls":true}
            """,
    };

    private const string Rerank = """
        {"model":"base","query":"a","documents":["b",{"text":"c"}],"top_n":1,"return_documents":true,"user":"u"}
        """;

    /// <summary>A body once for each of its values and each of <see cref="Values"/> in its place.</summary>
    public static IEnumerable<string> EachValue(string body) =>
        Enumerable.Range(0, Places(JsonNode.Parse(body)!).Count).SelectMany(place => Values.Select(value => Replaced(body, place, value)));

    /// <summary>A body with some values replaced, taken out or put in twice, and perhaps a few letters changed.</summary>
    public static string Mutated(string body, Random random)
    {
        var root = JsonNode.Parse(body)!;
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var places = Places(root);
            if (places.Count == 0)
                break;
            var place = places[random.Next(places.Count)];
            if (random.Next(3) == 0)
                Remove(place);
            else if (random.Next(2) == 0)
                place.ReplaceWith(places[random.Next(places.Count)].DeepClone());
            else
                place.ReplaceWith(JsonNode.Parse(Values[random.Next(6)])!);
        }
        var text = root.ToJsonString();
        for (var change = random.Next(4) - 1; change > 0 && text.Length > 1; change--)
        {
            var at = random.Next(text.Length);
            text = text[..at] + (char)random.Next(32, 127) + text[(at + random.Next(2))..];
        }
        return text;
    }

    private static string Replaced(string body, int place, string value)
    {
        var root = JsonNode.Parse(body)!;
        Places(root)[place].ReplaceWith("@");
        return root.ToJsonString().Replace(Mark, value, StringComparison.Ordinal);
    }

    private static void Remove(JsonNode place)
    {
        if (place.Parent is JsonObject fields)
            fields.Remove(place.GetPropertyName());
        else
            place.Parent!.AsArray().RemoveAt(place.GetElementIndex());
    }

    // All values below the root that are not null.
    private static List<JsonNode> Places(JsonNode root) => [.. (root switch
    {
        JsonObject fields => fields.Select(field => field.Value),
        JsonArray items => items,
        _ => [],
    }).OfType<JsonNode>().SelectMany(child => Places(child).Prepend(child))];

    /// <summary>What a path's parameter can be, and what can follow a path.</summary>
    public static IEnumerable<string> Paths(string path)
    {
        string[] odd =
        [
            "%", "%2", "%ZZ", "%c3%28", "%c0%af", "%ff", "%0d%0a", "%2e%2e%2f", "..%5c", "%F0%9F%98%80", "%ED%A0%80", "a%20b", "%25",
            "-1", "99999999999999999999", new string('a', 1000), string.Create(CultureInfo.InvariantCulture, $"{long.MaxValue}"),
        ];
        var at = path.IndexOf('{', StringComparison.Ordinal);
        return [.. at < 0 ? [path] : odd.Select(part => path[..at] + part), .. odd.Select(part =>
            $"{(at < 0 ? path : path[..at] + "bird")}?limit={part}&search={part}&after={part}&since={part}&format={part}&{part}=1&&=")];
    }
}
