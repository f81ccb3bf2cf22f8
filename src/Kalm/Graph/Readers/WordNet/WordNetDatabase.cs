using System.Text;

namespace Kalm.Graph.Readers.WordNet;

/// <summary>WordNet's own files, data.noun to data.adv: synsets are entities, their pointers facts.</summary>
/// <remarks>Source: WordNet's manual page wndb(5WN). Of a pair of pointers that say the same in both directions one is read.</remarks>
internal sealed class WordNetDatabase : IGraphReader
{
    private static readonly (string Name, char PartOfSpeech)[] Parts =
        [("data.noun", 'n'), ("data.verb", 'v'), ("data.adj", 'a'), ("data.adv", 'r')];

    // Symbols that another one says from its other end.
    private static readonly HashSet<string> Reversed = ["~", "~i", "#m", "#s", "#p", "-c", "-r", "-u"];

    private static readonly Dictionary<string, (string Id, string Text, string Inverse)> Pointers = new()
    {
        ["@"] = ("hypernym", "is a kind of", "has the kind"),
        ["@i"] = ("instance_hypernym", "is an instance of", "has the instance"),
        ["%m"] = ("member_meronym", "has the member", "is a member of"),
        ["%s"] = ("substance_meronym", "has the substance", "is a substance of"),
        ["%p"] = ("part_meronym", "has the part", "is a part of"),
        [";c"] = ("domain_topic", "belongs to the topic", "is the topic of"),
        [";r"] = ("domain_region", "belongs to the region", "is the region of"),
        [";u"] = ("domain_usage", "is used as", "is the usage of"),
        ["*"] = ("entailment", "entails", "is entailed by"),
        [">"] = ("cause", "causes", "is caused by"),
        ["^"] = ("also_see", "see also", "is referred to by"),
        ["<"] = ("participle", "is a participle of", "has the participle"),
        ["\\"] = ("pertainym", "pertains to", "has the pertainym"),
        ["!"] = ("antonym", "is the opposite of", "is the opposite of"),
        ["+"] = ("derivation", "is derivationally related to", "is derivationally related to"),
        ["&"] = ("similar_to", "is similar to", "is similar to"),
        ["="] = ("attribute", "has to do with the attribute", "has to do with the attribute"),
        ["$"] = ("verb_group", "is grouped with the verb", "is grouped with the verb"),
    };

    /// <inheritdoc/>
    public string Key => "wordnet";

    /// <inheritdoc/>
    public string Name => "database of WordNet";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var found = Find(files).Select(part => part.File).ToList();
        if (found.Count == 0)
            return null;
        // Lists that say nothing that these files do not: words by spelling, and the senses' numbers.
        found.AddRange(files.Files.Where(file => Path.GetFileName(file.Name) is var name
            && (name == "index.sense" || Array.Exists(Parts, part => name == $"index{part.Name[4..]}"))));
        return new Recognition(Certainty.Certain, found, $"{found[0].Shown}: synsets");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var parts = Find(files).ToList();
        var (entities, absent, left) = (new Dictionary<string, int>(), 0, 0);
        foreach (var (file, part) in parts)
            foreach (var line in new TextFile(file, graph.Encoding))
                if (Synset(line, part, file, graph) is { } synset)
                    Declare(synset, new Place(file.Shown, line.Number));
        foreach (var (file, part) in parts)
            foreach (var line in new TextFile(file, graph.Encoding))
                if (Synset(line, part, file, null) is { } synset && graph.Entities.TryFind(synset.Id, out var head))
                    foreach (var pointer in synset.Pointers)
                        Add(head, pointer, new Place(file.Shown, line.Number));
        foreach (var file in found.Files.Except(parts.Select(part => part.File)))
            graph.Used(file.Shown, "(all)", "index of words, which repeats what the synsets say");
        graph.Used(parts[0].File.Shown, "pointers", $"facts of {graph.Relations.Count} relations; reversed ones, left out: {left:N0}");
        if (absent > 0)
            graph.Warnings.Add($"{parts[0].File.Shown}: pointers to synsets that are in none of the files, left out: {absent:N0}");

        void Declare(WordNetSynset synset, Place place)
        {
            if (!entities.TryAdd(synset.Id, place.Line))
            {
                graph.Bad(place, $"synset {synset.Id} again; expected it once, it stands on line {entities[synset.Id]}");
                return;
            }
            var entity = graph.Entities.Add(synset.Id);
            graph.SetName(entity, synset.Words[0]);
            graph.SetText(entity, synset.Text);
            graph.AddType(entity, synset.Kind);
        }

        void Add(int head, WordNetPointer pointer, Place place)
        {
            if (Reversed.Contains(pointer.Symbol))
            {
                left++;
                return;
            }
            if (!graph.Entities.TryFind(pointer.Target, out var tail))
            {
                absent++;
                return;
            }
            var (id, text, inverse) = Pointers[pointer.Symbol];
            if (!graph.Relations.TryFind(id, out var relation))
            {
                relation = graph.Relations.Add(id);
                graph.SetRelationText(relation, text);
                graph.SetInverseText(relation, inverse);
            }
            var fact = new Triple(head, relation, tail);
            // Several words of two synsets may be related alike, and what is symmetric stands at both.
            if (graph.Holds(fact) || (text == inverse && graph.Holds(new Triple(tail, relation, head))))
                left++;
            else
                graph.Add(Split.Train, fact, place);
        }
    }

    private static WordNetSynset? Synset(TextFile.Line line, char part, GraphFile file, GraphBuilder? graph)
    {
        // The licence stands in front, indented.
        if (line.Text.IsWhiteSpace() || line.Text.StartsWith("  "))
            return null;
        var synset = WordNetSynset.Of(line.Text, part, out var problem);
        problem ??= synset!.Pointers.Where(pointer => !Pointers.ContainsKey(pointer.Symbol) && !Reversed.Contains(pointer.Symbol))
            .Select(pointer => $"pointer '{pointer.Symbol}'; expected one of {string.Join(" ", Pointers.Keys.Concat(Reversed))}")
            .FirstOrDefault();
        if (problem is null)
            return synset;
        graph?.Bad(new Place(file.Shown, line.Number), problem);
        return null;
    }

    private static IEnumerable<(GraphFile File, char Part)> Find(GraphFiles files) => Parts.SelectMany(part => files.Files
        .Where(file => Path.GetFileName(file.Name) == part.Name && HoldsSynsets(file, part.PartOfSpeech))
        .Select(file => (file, part.PartOfSpeech)));

    private static bool HoldsSynsets(GraphFile file, char part)
    {
        var first = Encoding.Latin1.GetString(file.Head).Split('\n')
            .FirstOrDefault(line => !line.StartsWith("  ", StringComparison.Ordinal));
        return first is not null && WordNetSynset.Of(first, part, out _) is not null;
    }
}
