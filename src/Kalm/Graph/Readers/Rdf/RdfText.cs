using System.Text;

namespace Kalm.Graph.Readers.Rdf;

/// <summary>Walks over the characters of a text and counts its lines; holds no more of it than a token needs.</summary>
internal sealed class RdfText : IDisposable
{
    /// <summary>What stands for a character behind the end.</summary>
    public const int End = -1;

    private const int Portion = 1 << 15;
    private const int FoundShown = 24;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly RdfInput input;
    private readonly StreamReader reader;
    private char[] characters = new char[Portion];
    private int at;
    private int length;
    private bool isRead;

    /// <summary>Opens a file.</summary>
    public RdfText(RdfInput input)
    {
        this.input = input;
        reader = new StreamReader(input.File.Open(), input.Encoding ?? Strict, input.Encoding is null, Portion);
        if (Peek() == '\uFEFF')
            at++;
    }

    /// <summary>The line that the walk stands on, counted from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>The characters ahead, as far as they are read; until more are.</summary>
    public ReadOnlySpan<char> Ahead => characters.AsSpan(at, length - at);

    /// <summary>A character ahead; <see cref="End"/> behind the last.</summary>
    public int Peek(int offset = 0)
    {
        while (length - at <= offset)
            if (!More())
                return End;
        return characters[at + offset];
    }

    /// <summary>Whether the characters ahead begin with a token.</summary>
    public bool Has(string token)
    {
        _ = Peek(token.Length - 1);
        return Ahead.StartsWith(token);
    }

    /// <summary>Steps over characters that were looked at.</summary>
    public void Advance(int count)
    {
        Line += characters.AsSpan(at, count).Count('\n');
        at += count;
    }

    /// <summary>Steps over white space and comments.</summary>
    /// <returns>The character behind them.</returns>
    public int SkipSpace()
    {
        var isComment = false;
        while (true)
        {
            for (; at < length; at++)
            {
                var character = characters[at];
                if (character == '\n')
                    Line++;
                if (character is '\n' or '\r')
                    isComment = false;
                else if (character == '#')
                    isComment = true;
                else if (!isComment && character is not (' ' or '\t'))
                    return character;
            }
            if (!More())
                return End;
        }
    }

    /// <summary>Steps to the end of the line.</summary>
    /// <returns>Its last character that is no space.</returns>
    public char SkipLine()
    {
        var last = ' ';
        while (true)
        {
            var ahead = Ahead;
            var end = ahead.IndexOf('\n');
            var line = (end < 0 ? ahead : ahead[..(end + 1)]).TrimEnd(" \t\r\n");
            if (line.Length > 0)
                last = line[^1];
            Advance(end < 0 ? ahead.Length : end + 1);
            if (end >= 0 || !More())
                return last;
        }
    }

    /// <summary>Reads on behind what is ahead; false at the end of the file.</summary>
    public bool More()
    {
        if (isRead)
            return false;
        if (at > 0)
        {
            characters.AsSpan(at, length - at).CopyTo(characters);
            (at, length) = (0, length - at);
        }
        if (length == characters.Length)
            Array.Resize(ref characters, 2 * characters.Length);
        try
        {
            var read = reader.Read(characters, length, characters.Length - length);
            isRead = read == 0;
            length += read;
        }
        catch (DecoderFallbackException problem)
        {
            throw WrongBytes(problem);
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or ZstdSharp.ZstdException)
        {
            throw input.File.Damaged(problem);
        }
        return !isRead;
    }

    /// <summary>What is wrong here.</summary>
    /// <param name="expected">What should stand here.</param>
    public RdfFault Fault(string expected)
    {
        var isAtEnd = Peek() == End;
        _ = Peek(FoundShown - 1);
        var ahead = Ahead[..Math.Min(FoundShown, length - at)];
        var end = ahead.IndexOfAny('\r', '\n');
        var found = isAtEnd ? "the end of the file" : end == 0 ? "the end of the line" : $"'{(end > 0 ? ahead[..end] : ahead)}'";
        return new RdfFault(new Place(input.File.Shown, Line), $"found {found}; expected {expected}") { IsAtEnd = isAtEnd };
    }

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();

    // The text is read in portions, so that the line of the wrong bytes is another than this one: the lines tell it.
    private KalmException WrongBytes(DecoderFallbackException problem)
    {
        try
        {
            using var lines = new LineReader(input.File, input.Encoding);
            while (lines.Read())
            {
            }
        }
        catch (KalmException told)
        {
            return told;
        }
        return new KalmException($"{input.File.Shown}({Line}): bytes that are not of the encoding; expected a text in it", problem);
    }
}
