using System.Text;

namespace Kalm.Tests.Server;

/// <summary>Makes request bodies that are nearly right: values swapped for others of every kind, bytes changed, cut short, repeated,
/// nested.</summary>
internal sealed class BodyFuzz(Random random)
{
    private static readonly (string Path, string[] Fields)[] Routes =
    [
        ("/v1/complete", ["head", "relation", "tail", "top", "explain", "rerank", "known"]),
        ("/v1/embeddings", ["input", "model", "encoding_format", "dimensions", "user", "input_type", "other"]),
        ("/v1/rerank", ["query", "documents", "texts", "model", "top_n", "return_documents", "max_tokens_per_doc", "truncate"]),
        ("/v1/chat/completions", ["messages", "max_tokens", "temperature", "top_p", "stop", "seed", "n", "stream", "stream_options"]),
        ("/v1/chat/completions", ["messages", "logprobs", "top_logprobs", "logit_bias", "response_format", "tools", "tool_choice", "top_k"]),
        ("/v1/completions", ["prompt", "max_tokens", "echo", "logprobs", "n", "best_of", "stream", "logit_bias"]),
        ("/v1/responses", ["input", "instructions", "max_output_tokens", "text", "tools", "tool_choice", "stream"]),
        ("/v1/entities", ["id", "name"]),
        ("/v1/facts", ["head", "relation", "tail"]),
        ("/v1/facts/rejections", ["head", "relation", "tail"]),
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "1", "3", "-1", "1e999", "0.5", "99999999999999999999", "\"\"",
        "\"peru\"", "\"borders\"", "\"base\"", "\"base64\"", "\"\\ud800\"", "\"\\u0000\"",
        "\"𝐀 𠀀 \\ud83d\\ude00\"", "[]", "{}", "[1,2,3]", "[[1],[2,3]]", "[\"a\",\"b\"]", "[null]", "{\"include_usage\":true}",
        "[{\"role\":\"user\",\"content\":\"a\"}]", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]",
        "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]", "\"required\"", "{\"9\":1}",
        "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"enum\":[1,null]}}}", "{\"format\":{\"type\":\"json_object\"}}",
        "[{\"role\":7}]", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    ];

    /// <summary>A body and where it goes.</summary>
    public (string Path, byte[] Body) Next()
    {
        var (path, fields) = Routes[random.Next(Routes.Length)];
        var text = new StringBuilder("{");
        foreach (var field in fields.Where(_ => random.Next(3) > 0))
            text.Append(text.Length > 1 ? "," : "").Append('"').Append(field).Append("\":").Append(Values[random.Next(Values.Length)]);
        if (path == "/v1/chat/completions" && random.Next(2) == 0)
            text.Append(text.Length > 1 ? "," : "").Append("\"max_tokens\":2");
        var body = Encoding.UTF8.GetBytes(text.Append('}').ToString()).ToList();
        for (var change = random.Next(4) - 1; change > 0 && body.Count > 1; change--)
            switch (random.Next(4))
            {
                case 0:
                    body[random.Next(body.Count)] = (byte)random.Next(256);
                    break;
                case 1:
                    body.RemoveRange(random.Next(body.Count), 1);
                    break;
                case 2:
                    body.Insert(random.Next(body.Count), (byte)random.Next(256));
                    break;
                default:
                    body = body[..random.Next(1, body.Count)];
                    break;
            }
        return (path, [.. body]);
    }
}
