using System.Text;
using System.Text.Unicode;

namespace Kalm.Graph;

/// <summary>A UTF-8 file read line by line, whose faults name the file and the line. A byte order mark, CRLF line ends,
/// blank lines at the end and a last line without a line end are all accepted.</summary>
internal sealed class TextFile
{
    private TextFile(string name, string content)
    {
        Name = name;
        Content = content;
    }

    /// <summary>The file name without its folder, as messages show it.</summary>
    public string Name { get; }

    /// <summary>The whole text, without the blank lines at the end.</summary>
    public string Content { get; }

    /// <summary>Reads a file that must be there.</summary>
    public static TextFile Read(string folder, string name)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path.Combine(folder, name));
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KalmException($"{name}: not found in {folder}", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KalmException($"{name}: cannot be read: {problem.Message}", problem);
        }
        return new TextFile(name, Decode(name, bytes));
    }

    /// <summary>Reads a file that may be absent.</summary>
    public static TextFile? ReadIfPresent(string folder, string name) =>
        File.Exists(Path.Combine(folder, name)) ? Read(folder, name) : null;

    /// <summary>How many lines there are, without the blank ones at the end.</summary>
    public int CountLines() => Content.Length == 0 ? 0 : Content.AsSpan().Count('\n') + 1;

    /// <summary>Iterates over the lines.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>A problem with the whole file.</summary>
    public KalmException Fault(string problem) => new($"{Name}: {problem}");

    /// <summary>A problem on a line, counted from 1.</summary>
    public KalmException Fault(int line, string problem) => new($"{Name}({line}): {problem}");

    private static string Decode(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        bytes = bytes.TrimEnd("\r\n"u8);
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException problem)
        {
            var line = 1;
            foreach (var range in bytes.Split((byte)'\n'))
            {
                // A line end never lies inside a UTF-8 sequence, so the faulty line is faulty on its own.
                if (!Utf8.IsValid(bytes[range]))
                    break;
                line++;
            }
            throw new KalmException($"{name}({line}): bytes that are not UTF-8; expected a UTF-8 text file", problem);
        }
    }

    /// <summary>A line without its end.</summary>
    public readonly ref struct Line(TextFile file, int number, ReadOnlySpan<char> text)
    {
        /// <summary>The line number, counted from 1.</summary>
        public int Number { get; } = number;

        /// <summary>The characters of the line.</summary>
        public ReadOnlySpan<char> Text { get; } = text;

        /// <summary>A problem on this line.</summary>
        public KalmException Fault(string problem) => file.Fault(Number, problem);

        /// <summary>Cuts the line at its tabs into exactly as many fields as there are names, none of them empty.</summary>
        public void Fields(ReadOnlySpan<string> names, Span<Range> fields)
        {
            if (Text.IsWhiteSpace())
                throw Fault($"blank line; expected {Expected(names)}");
            var found = Text.Count('\t') + 1;
            if (found != names.Length)
                throw Fault($"{found} field{(found == 1 ? "" : "s")}; expected {Expected(names)}");
            Text.Split(fields, '\t');
            for (var i = 0; i < names.Length; i++)
                if (Text[fields[i]].IsWhiteSpace())
                    throw Fault($"empty {names[i]}; expected {Expected(names)}");
        }

        private static string Expected(ReadOnlySpan<string> names) =>
            names.Length == 1 ? $"one {names[0]} a line" : $"{names.Length} fields separated by tabs: {string.Join(", ", names!)}";
    }

    /// <summary>Walks over the lines without copying them.</summary>
    public ref struct Enumerator(TextFile file)
    {
        private ReadOnlySpan<char> rest = file.Content;
        private bool atEnd = file.Content.Length == 0;
        private int number;

        /// <summary>The line the walk stands on.</summary>
        public Line Current { get; private set; }

        /// <summary>Steps to the next line.</summary>
        public bool MoveNext()
        {
            if (atEnd)
                return false;
            var end = rest.IndexOf('\n');
            atEnd = end < 0;
            var line = atEnd ? rest : rest[..end];
            rest = atEnd ? [] : rest[(end + 1)..];
            Current = new Line(file, ++number, line.EndsWith('\r') ? line[..^1] : line);
            return true;
        }
    }
}
