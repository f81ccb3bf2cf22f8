using System.Text;

namespace Kalm.Graph.Readers;

/// <summary>A text read line by line, whose faults name file and line; see <see cref="LineReader"/>. Blank lines at the end are passed
/// over.</summary>
internal sealed class TextFile(GraphFile file, Encoding? encoding = null)
{
    /// <summary>The file's name, as messages show it.</summary>
    public string Name => file.Shown;

    /// <summary>How many lines there are, without the blank ones at the end; reads the file once.</summary>
    public int CountLines()
    {
        var count = 0;
        using var lines = new LineReader(file, encoding);
        while (lines.Read())
            if (lines.Text.Length > 0)
                count = lines.Number;
        return count;
    }

    /// <summary>Iterates over the lines.</summary>
    public Enumerator GetEnumerator() => new(this, new LineReader(file, encoding));

    /// <summary>A problem with the whole file.</summary>
    public KalmException Fault(string problem) => file.Fault(problem);

    /// <summary>A problem on a line, counted from 1.</summary>
    public KalmException Fault(int line, string problem) => new($"{Name}({line}): {problem}");

    /// <summary>A line without its end.</summary>
    public readonly ref struct Line(TextFile file, int number, ReadOnlySpan<char> text)
    {
        /// <summary>The line number, counted from 1.</summary>
        public int Number { get; } = number;

        /// <summary>The characters of the line.</summary>
        public ReadOnlySpan<char> Text { get; } = text;

        /// <summary>A problem on this line.</summary>
        public KalmException Fault(string problem) => file.Fault(Number, problem);

        /// <summary>The same place with other characters.</summary>
        public Line With(ReadOnlySpan<char> other) => new(file, Number, other);

        /// <summary>Cuts the line at its tabs into exactly as many fields as there are names, none of them empty; tabs at its end are
        /// passed over.</summary>
        public void Fields(ReadOnlySpan<string> names, Span<Range> fields)
        {
            if (Text.IsWhiteSpace())
                throw Fault($"blank line; expected {Expected(names)}");
            var text = Text;
            var found = text.Count('\t') + 1;
            while (found > names.Length && text[^1] == '\t')
            {
                text = text[..^1];
                found--;
            }
            if (found != names.Length)
                throw Fault($"{found} field{(found == 1 ? "" : "s")}; expected {Expected(names)}");
            text.Split(fields, '\t');
            for (var i = 0; i < names.Length; i++)
                if (text[fields[i]].IsWhiteSpace())
                    throw Fault($"empty {names[i]}; expected {Expected(names)}");
        }

        private static string Expected(ReadOnlySpan<string> names) =>
            names.Length == 1 ? $"one {names[0]} a line" : $"{names.Length} fields separated by tabs: {string.Join(", ", names!)}";
    }

    /// <summary>Walks over the lines without copying them.</summary>
    public ref struct Enumerator(TextFile file, LineReader lines)
    {
        private int blank;
        private int number;
        private bool holdsLine;

        /// <summary>The line the walk stands on.</summary>
        public readonly Line Current => blank > 0 ? new Line(file, number, "") : new Line(file, number, lines.Text);

        /// <summary>Steps to the next line.</summary>
        public bool MoveNext()
        {
            number++;
            if (blank > 0 && --blank > 0)
                return true;
            if (holdsLine)
            {
                holdsLine = false;
                return true;
            }
            while (lines.Read())
            {
                if (lines.Text.Length > 0)
                {
                    blank = lines.Number - number;
                    holdsLine = blank > 0;
                    return true;
                }
            }
            return false;
        }

        /// <summary>Closes the file.</summary>
        public readonly void Dispose() => lines.Dispose();
    }
}
