using System.Buffers;
using System.Text;

namespace Kalm.Graph.Readers;

/// <summary>Walks over the lines of a text without holding more than one. A byte order mark, CRLF line ends and a last line without a line
/// end are accepted; UTF-16 is told by its byte order mark; everything else is UTF-8 unless an encoding is given.</summary>
internal sealed class LineReader : IDisposable
{
    private const int Portion = 1 << 16;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly GraphFile file;
    private readonly Stream stream;
    private readonly Encoding encoding;
    private byte[] bytes = ArrayPool<byte>.Shared.Rent(Portion);
    private char[] characters = ArrayPool<char>.Shared.Rent(Portion);
    private int from;
    private int to;
    private int length;
    private bool isAtEnd;

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="encoding">The encoding of its bytes; null for UTF-8, or UTF-16 with a byte order mark.</param>
    public LineReader(GraphFile file, Encoding? encoding = null)
    {
        this.file = file;
        var head = file.Head;
        this.encoding = encoding ?? Strict;
        var opened = file.Open();
        var marked = encoding is null && head.Length >= 2
            ? (head[0], head[1]) switch { (0xFF, 0xFE) => Encoding.Unicode, (0xFE, 0xFF) => Encoding.BigEndianUnicode, _ => null } : null;
        // A line end is one byte in every encoding but UTF-16 and UTF-32.
        stream = (marked ?? (encoding is null || encoding.IsSingleByte ? null : encoding)) is { } other
            ? Encoding.CreateTranscodingStream(opened, other, Strict) : opened;
        if (stream != opened)
            this.encoding = Strict;
        Fill();
        if (bytes.AsSpan(from, to - from).StartsWith(Encoding.UTF8.Preamble) && this.encoding == Strict)
            from += Encoding.UTF8.Preamble.Length;
    }

    /// <summary>The number of the line, counted from 1; 0 before the first.</summary>
    public int Number { get; private set; }

    /// <summary>The line without its end; until the next is read.</summary>
    public ReadOnlySpan<char> Text => characters.AsSpan(0, length);

    /// <summary>Steps to the next line.</summary>
    /// <exception cref="KalmException">Its bytes are not of the encoding.</exception>
    public bool Read()
    {
        var searched = from;
        while (true)
        {
            var end = bytes.AsSpan(searched, to - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                end += searched;
                Decode(from, end);
                from = end + 1;
                return true;
            }
            if (isAtEnd)
            {
                if (from == to)
                    return false;
                Decode(from, to);
                from = to;
                return true;
            }
            var read = to - from;
            Fill();
            searched = from + read;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stream.Dispose();
        ArrayPool<byte>.Shared.Return(bytes);
        ArrayPool<char>.Shared.Return(characters);
        (bytes, characters) = ([], []);
    }

    private void Decode(int start, int end)
    {
        Number++;
        if (end > start && bytes[end - 1] == '\r')
            end--;
        var most = encoding.GetMaxCharCount(end - start);
        if (most > characters.Length)
        {
            ArrayPool<char>.Shared.Return(characters);
            characters = ArrayPool<char>.Shared.Rent(most);
        }
        try
        {
            length = encoding.GetChars(bytes.AsSpan(start, end - start), characters);
        }
        catch (DecoderFallbackException problem)
        {
            throw new KalmException(
                $"{file.Shown}({Number}): bytes that are not UTF-8; expected a UTF-8 text file, or its encoding by --encoding, such as "
                + "latin1", problem);
        }
    }

    // Moves what is left to the front and reads on behind it.
    private void Fill()
    {
        if (from > 0)
        {
            bytes.AsSpan(from, to - from).CopyTo(bytes);
            (from, to) = (0, to - from);
        }
        if (to == bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(2 * bytes.Length);
            bytes.AsSpan(0, to).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = larger;
        }
        try
        {
            var read = stream.Read(bytes, to, bytes.Length - to);
            isAtEnd = read == 0;
            to += read;
        }
        catch (Exception problem) when (GraphFile.IsDamage(problem))
        {
            throw file.Damaged(problem);
        }
        catch (DecoderFallbackException problem)
        {
            throw new KalmException($"{file.Shown}({Number + 1}): bytes that are not of the encoding; expected a text in it", problem);
        }
    }
}
