using System.Globalization;

namespace Kalm.Benchmarks;

/// <summary>A graph of made-up words as large as is asked for: every entity is the head of equally many facts, how often one is a tail
/// falls with its rank (Zipf's law, exponent 1), and so with relations. A description has twelve words.</summary>
/// <param name="Entities">Entities.</param>
/// <param name="Triples">Lines of the train split; the few that repeat another are left out in reading.</param>
/// <param name="Relations">Relations.</param>
/// <param name="HeldOut">Lines of the valid and of the test split.</param>
/// <param name="Seed">Decides everything.</param>
internal sealed record MadeGraph(int Entities, int Triples, int Relations, int HeldOut, int Seed)
{
    private const int WordCount = 20_000;
    private const int WordsOfText = 10;

    /// <summary>The layouts it can be written in.</summary>
    public static IReadOnlyList<string> Layouts { get; } = ["kalm", "splits", "ntriples"];

    /// <summary>The graph, small, whose texts have the same words.</summary>
    public MadeGraph Few => this with { Entities = 2 * WordCount / WordsOfText, Triples = 6 * WordCount / WordsOfText };

    /// <summary>Writes it, holding none of it.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="layout">One of <see cref="Layouts"/>.</param>
    public void Write(string folder, string layout)
    {
        var random = new Random(Seed);
        var words = Enumerable.Range(0, WordCount).Select(_ => Word(random)).ToArray();
        switch (layout)
        {
            case "kalm":
                Lines("entities.dict", Entities, index => $"{index}\te{index}");
                Lines("entityId2text.dict", Entities, index => $"{index}\t{Text(index)}");
                Lines("relations.dict", Relations, index => $"{index}\tr{index}");
                Lines("relationId2text.dict", Relations, index => $"{index}\t{words[index]} of");
                Splits(".txt", fact => $"e{fact.Head}\tr{fact.Relation}\te{fact.Tail}");
                break;
            case "splits":
                Lines("entities.tsv", Entities, index => $"e{index}");
                Lines("descriptions.tsv", Entities, index => $"e{index}\t{Text(index)}");
                Lines("relations.tsv", Relations, index => $"r{index}");
                Lines("relation2text.tsv", Relations, index => $"r{index}\t{words[index]} of");
                Splits(".tsv", fact => $"e{fact.Head}\tr{fact.Relation}\te{fact.Tail}");
                break;
            case "ntriples":
                Splits(".nt", fact => $"<http://e.org/e{fact.Head}> <http://e.org/r{fact.Relation}> <http://e.org/e{fact.Tail}> .");
                Lines("train-texts.nt", Entities, index =>
                    $"<http://e.org/e{index}> <http://www.w3.org/2000/01/rdf-schema#comment> \"{Text(index)}\" .");
                break;
            default:
                throw new KalmException($"--layout: found '{layout}'; expected {string.Join(", ", Layouts)}");
        }

        string Text(int index) => $"{words[index % WordCount]} {index}, {string.Join(' ', random.GetItems(words, WordsOfText))}";

        void Splits(string ending, Func<(int Head, int Relation, int Tail), string> line)
        {
            Lines("train" + ending, Triples, index => line(((int)((long)index * Entities / Triples), Ranked(Relations), Ranked(Entities))));
            foreach (var split in new[] { "valid", "test" })
                Lines(split + ending, HeldOut, _ => line((random.Next(Entities), Ranked(Relations), Ranked(Entities))));
        }

        // The rank below a number, each half as likely as the one of half its size.
        int Ranked(int count) => Math.Min(count, (int)Math.Pow(count + 1.0, random.NextDouble())) - 1;

        void Lines(string name, int count, Func<int, string> line)
        {
            using var writer = new StreamWriter(Path.Combine(folder, name)) { NewLine = "\n" };
            for (var index = 0; index < count; index++)
                writer.WriteLine(line(index));
        }
    }

    private static string Word(Random random) => string.Create(CultureInfo.InvariantCulture,
        $"{(char)('a' + random.Next(26))}{new string(random.GetItems("aeiourstlnm".AsSpan(), random.Next(2, 9)))}");
}
