using System.Text.Json;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Walks over the tokens of JSON texts, one behind another, and takes values out of them whole; holds no more of the file than
/// the value that it stands on.</summary>
internal sealed class JsonStream : IDisposable
{
    private const int Portion = 1 << 16;
    private const int Deepest = 256;
    private readonly GraphFile file;
    private readonly Stream stream;
    private byte[] bytes = new byte[Portion];
    private JsonReaderState state = new(new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = Deepest });
    private int from;
    private int to;
    private bool isRead;
    private int endLine = 1;

    /// <summary>Opens a file.</summary>
    public JsonStream(RdfInput input)
    {
        file = input.File;
        stream = input.OpenUtf8();
        Fill();
        if (bytes.AsSpan(0, to).StartsWith("\uFEFF"u8))
            from = "\uFEFF"u8.Length;
    }

    /// <summary>The line that the last token or value began on, counted from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>The name, where the token is a property's.</summary>
    public string Property { get; private set; } = "";

    /// <summary>The next token, to which no step is made; None at the end.</summary>
    public JsonTokenType Peek()
    {
        while (true)
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(from, to - from), isRead, state);
            if (reader.Read())
                return reader.TokenType;
            if (isRead)
                return JsonTokenType.None;
            Fill();
        }
    }

    /// <summary>Steps to the next token; None at the end.</summary>
    public JsonTokenType Read()
    {
        while (true)
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(from, to - from), isRead, state);
            if (reader.Read())
            {
                var token = reader.TokenType;
                if (token == JsonTokenType.PropertyName)
                    Property = reader.GetString()!;
                StepOver(ref reader, (int)reader.TokenStartIndex);
                return token;
            }
            if (isRead)
                return JsonTokenType.None;
            Fill();
        }
    }

    /// <summary>Takes the next value whole; it begins where the walk stands.</summary>
    public JsonDocument ReadValue()
    {
        while (true)
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(from, to - from), isRead, state);
            var start = reader.Read() ? (int)reader.TokenStartIndex : -1;
            if (start >= 0 && JsonDocument.TryParseValue(ref reader, out var value))
            {
                StepOver(ref reader, start);
                return value;
            }
            if (isRead)
                throw file.Fault("found the end of the file; expected a JSON value");
            Fill();
        }
    }

    /// <summary>Steps over the next value, whatever its size.</summary>
    public void SkipValue()
    {
        var depth = 0;
        do
        {
            depth += Read() switch
            {
                JsonTokenType.StartArray or JsonTokenType.StartObject => 1,
                JsonTokenType.EndArray or JsonTokenType.EndObject => -1,
                JsonTokenType.None => -depth,
                _ => 0,
            };
        }
        while (depth > 0);
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    private void StepOver(ref Utf8JsonReader reader, int start)
    {
        var count = (int)reader.BytesConsumed;
        Line = endLine + bytes.AsSpan(from, start).Count((byte)'\n');
        endLine += bytes.AsSpan(from, count).Count((byte)'\n');
        state = reader.CurrentState;
        from += count;
    }

    private void Fill()
    {
        if (from > 0)
        {
            bytes.AsSpan(from, to - from).CopyTo(bytes);
            (from, to) = (0, to - from);
        }
        if (to == bytes.Length)
        {
            if (bytes.Length > Array.MaxLength / 2)
                throw file.Fault("a JSON value of more than a gigabyte; expected smaller ones, such as the nodes of an array");
            Array.Resize(ref bytes, 2 * bytes.Length);
        }
        try
        {
            // Values are looked at from their beginning each time, so what is read each time must double.
            var read = stream.ReadAtLeast(bytes.AsSpan(to), bytes.Length - to, throwOnEndOfStream: false);
            isRead = read < bytes.Length - to;
            to += read;
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw file.Damaged(problem);
        }
    }
}
