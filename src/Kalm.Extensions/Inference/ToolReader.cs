using System.Text;
using System.Text.Json;
using Kalm.Language.Chat;

namespace Kalm.Extensions.Inference;

/// <summary>A call that the model wrote.</summary>
/// <param name="Id">What its answer names.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">Its arguments, as JSON.</param>
internal sealed record WrittenCall(string Id, string Name, string Arguments);

/// <summary>Finds calls in what the model writes: between <c>&lt;tool_call&gt;</c> and its end, or as JSON alone. Gives out text as soon as
/// it cannot be a call.</summary>
/// <param name="tools">The tools; null lets all be text.</param>
internal sealed class ToolReader(ToolSet? tools)
{
    private static readonly string[] Leads = [ToolWords.CallStart, "[TOOL_CALLS]", "<|python_tag|>", "{", "["];
    private readonly StringBuilder held = new();
    private bool isText = tools is null;

    /// <summary>The calls, once all is read.</summary>
    public IReadOnlyList<WrittenCall> Calls { get; private set; } = [];

    /// <summary>Takes a piece and gives what is surely text.</summary>
    public string Add(string piece)
    {
        if (tools is null)
            return piece;
        held.Append(piece);
        if (tools.IsForced)
            return "";
        var text = held.ToString();
        var start = text.TrimStart();
        if (!isText && (start.Length == 0 || Array.Exists(Leads, lead => start.StartsWith(lead, StringComparison.Ordinal)
            || lead.StartsWith(start, StringComparison.Ordinal))))
            return "";
        isText = true;
        var end = text.IndexOf(ToolWords.CallStart, StringComparison.Ordinal);
        if (end < 0)
            for (end = text.Length - Math.Min(text.Length, ToolWords.CallStart.Length - 1);
                !ToolWords.CallStart.StartsWith(text[end..], StringComparison.Ordinal); end++)
            {
            }
        held.Remove(0, end);
        return text[..end];
    }

    /// <summary>Reads what was held back.</summary>
    /// <param name="isWhole">Whether the text was not cut short.</param>
    /// <returns>What of it is text.</returns>
    public string Finish(bool isWhole)
    {
        if (tools is null)
            return "";
        var text = held.ToString();
        if (tools.Lead is not null)
        {
            Calls = [Call(tools.Functions[0].Name, text)];
            return "";
        }
        var found = new List<WrittenCall>();
        var rest = text;
        if (text.Contains(ToolWords.CallStart, StringComparison.Ordinal))
        {
            var parts = text.Split(ToolWords.CallStart);
            rest = parts[0];
            foreach (var part in parts.Skip(1))
            {
                var end = part.IndexOf(ToolWords.CallEnd, StringComparison.Ordinal);
                if (!Read(end < 0 ? part : part[..end], found))
                    rest += ToolWords.CallStart + part;
            }
        }
        else if (Read(Leads[1..3].Aggregate(text.Trim(), (bare, lead) =>
            bare.StartsWith(lead, StringComparison.Ordinal) ? bare[lead.Length..] : bare), found))
        {
            rest = "";
        }
        else if (tools.IsForced && !isWhole)
        {
            (rest, found) = ("", Begun(text));
        }
        Calls = tools.IsParallel ? found : [.. found.Take(1)];
        return found.Count > 0 && string.IsNullOrWhiteSpace(rest) ? "" : rest;
    }

    // A call that was cut short is told as far as it came, once its name is whole.
    private List<WrittenCall> Begun(string text)
    {
        foreach (var function in tools!.Functions)
            if ((tools with { Functions = [function] }).Lead is { } lead && text.StartsWith(lead, StringComparison.Ordinal))
                return [Call(function.Name, text[lead.Length..])];
        return [];
    }

    private bool Read(string text, List<WrittenCall> found)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var calls = new List<WrittenCall>();
            JsonElement[] items = json.RootElement.ValueKind == JsonValueKind.Array
                ? [.. json.RootElement.EnumerateArray()] : [json.RootElement];
            foreach (var item in items)
            {
                if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("name", out var name)
                    || name.ValueKind != JsonValueKind.String
                    || !tools!.Functions.Any(function => name.ValueEquals(function.Name)))
                    return false;
                var arguments = item.TryGetProperty("arguments", out var own) || item.TryGetProperty("parameters", out own)
                    ? own.ValueKind == JsonValueKind.String ? own.GetString()! : own.GetRawText() : "{}";
                calls.Add(Call(name.GetString()!, arguments));
            }
            found.AddRange(calls);
            return calls.Count > 0;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static WrittenCall Call(string name, string arguments) => new($"call_{Guid.NewGuid():N}"[..29], name, arguments);
}
