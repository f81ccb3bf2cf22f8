using System.Text;
using System.Text.Json;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Walks over a JSON text, or several behind one another, without holding more than one value. A byte order mark is accepted and
/// tells UTF-16; everything else is UTF-8 unless an encoding is given.</summary>
internal sealed class JsonStream : IDisposable
{
    private const int Portion = 1 << 16;
    private static readonly JsonReaderOptions Options = new() { AllowMultipleValues = true };
    private readonly GraphFile file;
    private readonly Stream stream;
    private byte[] bytes = new byte[Portion];
    private int from;
    private int to;
    private bool isAtEnd;
    private JsonReaderState state = new(Options);
    private long linesBefore;
    private long linesRestarted;

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="encoding">The encoding of its bytes; null for UTF-8, or UTF-16 with a byte order mark.</param>
    public JsonStream(GraphFile file, Encoding? encoding)
    {
        this.file = file;
        var head = file.Head;
        var marked = encoding is not null || head.Length < 2 ? encoding : (head[0], head[1]) switch
        {
            (0xFF, 0xFE) => new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true),
            (0xFE, 0xFF) => new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true),
            _ => null,
        };
        var opened = file.Open();
        stream = marked is null or UTF8Encoding ? opened : Encoding.CreateTranscodingStream(opened, marked, Encoding.UTF8);
        Fill();
        if (bytes.AsSpan(from, to - from).StartsWith(Encoding.UTF8.Preamble))
            from += Encoding.UTF8.Preamble.Length;
    }

    /// <summary>The token that <see cref="Peek"/> found.</summary>
    public JsonTokenType Token { get; private set; }

    /// <summary>The property's name, where the token is one.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The line that the token, or the value taken last, begins on; counted from 1.</summary>
    public int Line { get; private set; }

    /// <summary>Where that is.</summary>
    public Place Place => new(file.Shown, Line);

    /// <summary>What is no JSON, once that was found.</summary>
    public (Place Place, string Problem)? Fault { get; private set; }

    /// <summary>Looks at the next token; false at the end.</summary>
    /// <exception cref="KalmException">The text is no JSON.</exception>
    public bool Peek()
    {
        while (true)
        {
            try
            {
                var reader = NewReader();
                if (reader.Read())
                {
                    Token = reader.TokenType;
                    NoteLine(ref reader);
                    if (Token == JsonTokenType.PropertyName)
                        Name = reader.GetString()!;
                    return true;
                }
                Pass(ref reader);
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw NewFault(problem);
            }
            if (isAtEnd)
                return false;
            Fill();
        }
    }

    /// <summary>The token behind the one that <see cref="Peek"/> found; None at the end.</summary>
    public JsonTokenType PeekFurther()
    {
        while (true)
        {
            try
            {
                var reader = NewReader();
                reader.Read();
                if (reader.Read())
                    return reader.TokenType;
            }
            catch (JsonException problem)
            {
                throw NewFault(problem);
            }
            if (isAtEnd)
                return JsonTokenType.None;
            Fill();
        }
    }

    /// <summary>Goes over the token that <see cref="Peek"/> found.</summary>
    public void Step()
    {
        var reader = NewReader();
        reader.Read();
        Pass(ref reader);
    }

    /// <summary>Takes the whole value whose first token <see cref="Peek"/> found; the caller disposes of it.</summary>
    /// <exception cref="KalmException">It is no JSON; <see cref="Recover"/> may go on behind it.</exception>
    public JsonDocument Value()
    {
        while (true)
        {
            try
            {
                var reader = NewReader();
                reader.Read();
                if (JsonDocument.TryParseValue(ref reader, out var value))
                {
                    Pass(ref reader);
                    return value;
                }
            }
            catch (JsonException problem)
            {
                throw NewFault(problem);
            }
            Fill();
        }
    }

    /// <summary>Goes over the whole value whose first token <see cref="Peek"/> found, holding none of it.</summary>
    public void Skip()
    {
        var depth = 0;
        while (true)
        {
            try
            {
                var reader = NewReader();
                while (reader.Read())
                {
                    depth += reader.TokenType switch
                    {
                        JsonTokenType.StartArray or JsonTokenType.StartObject => 1,
                        JsonTokenType.EndArray or JsonTokenType.EndObject => -1,
                        _ => 0,
                    };
                    if (depth > 0)
                        continue;
                    Pass(ref reader);
                    return;
                }
                Pass(ref reader);
            }
            catch (JsonException problem)
            {
                throw NewFault(problem);
            }
            if (isAtEnd)
                return;
            Fill();
        }
    }

    /// <summary>Goes on with the line behind that of a value which is no JSON, where each line is a text of its own; false at the
    /// end.</summary>
    public bool Recover()
    {
        Fault = null;
        while (true)
        {
            var end = bytes.AsSpan(from, to - from).IndexOf((byte)'\n');
            // What is left of the line before the value does not count.
            if (end >= 0 && bytes.AsSpan(from, end).Trim(" \t\r\n"u8).Length > 0)
            {
                from += end + 1;
                linesBefore++;
                (state, linesRestarted) = (new JsonReaderState(Options), linesBefore);
                return true;
            }
            if (end >= 0)
            {
                from += end + 1;
                linesBefore++;
                continue;
            }
            if (isAtEnd)
                return false;
            Fill();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    private Utf8JsonReader NewReader() => new(bytes.AsSpan(from, to - from), isAtEnd, state);

    private void NoteLine(ref Utf8JsonReader reader) =>
        Line = (int)(linesBefore + bytes.AsSpan(from, (int)reader.TokenStartIndex).Count((byte)'\n') + 1);

    private void Pass(ref Utf8JsonReader reader)
    {
        var passed = (int)reader.BytesConsumed;
        linesBefore += bytes.AsSpan(from, passed).Count((byte)'\n');
        from += passed;
        state = reader.CurrentState;
    }

    private KalmException NewFault(Exception problem)
    {
        var (place, message) = (Place, problem.Message);
        if (problem is JsonException { LineNumber: { } line })
        {
            // The reader's own count begins anew behind a line that was passed over.
            place = new Place(file.Shown, (int)(line + 1 + linesRestarted));
            var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            message = end < 0 ? message : message[..end];
        }
        Fault = (place, $"not JSON, {message.TrimEnd('.', ' ')}; expected JSON");
        return new KalmException($"{place}: {Fault.Value.Problem}", problem);
    }

    // Moves what is left to the front and fills up behind it. A value that does not fit is looked at again with twice the room.
    private void Fill()
    {
        bytes.AsSpan(from, to - from).CopyTo(bytes);
        (from, to) = (0, to - from);
        if (to == bytes.Length && bytes.Length > Array.MaxLength / 2)
            throw new KalmException($"{Place}: a value of more than {bytes.Length:N0} bytes; expected smaller records");
        if (to == bytes.Length)
            Array.Resize(ref bytes, 2 * bytes.Length);
        try
        {
            var read = stream.ReadAtLeast(bytes.AsSpan(to), bytes.Length - to, throwOnEndOfStream: false);
            isAtEnd = to + read < bytes.Length;
            to += read;
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw file.Damaged(problem);
        }
        catch (DecoderFallbackException problem)
        {
            throw new KalmException($"{file.Shown}({linesBefore + 1}): bytes that are not of the encoding; expected a text in it", problem);
        }
    }
}
