using Kalm.Tests.Graph;

namespace Kalm.Tests;

/// <summary>A graph of animals and their groups, large enough to learn from: every animal is a kind of its group, whose name its
/// description holds, and lives with another of the group.</summary>
internal static class FamilyGraph
{
    private static readonly string[] Groups = ["bird", "fish", "insect", "mammal", "reptile", "frog", "worm", "crab"];

    public static SmallGraph Make(int perGroup = 12)
    {
        var entities = new List<(string Id, string Text)>();
        var triples = new List<string>();
        foreach (var group in Groups)
            entities.Add((group, $"{group}, a group of animals"));
        for (var index = 0; index < perGroup * Groups.Length; index++)
        {
            var group = Groups[index % Groups.Length];
            entities.Add(($"{group}{index}", $"{group}{index}, a {group} of number {index}"));
            triples.Add($"{group}{index}\tkind_of\t{group}");
            if (index >= Groups.Length)
                triples.Add($"{group}{index}\tlives_with\t{group}{index - Groups.Length}");
        }
        return SmallGraph.Kalm()
            .With("entities.dict", Rows(entities.Select(entity => entity.Id)))
            .With("entityId2text.dict", Rows(entities.Select(entity => entity.Text)))
            .With("relations.dict", "0\tkind_of\n1\tlives_with\n")
            .With("relationId2text.dict", "0\tkind of\n1\tlives with\n")
            .With("relationId2text_inverse.dict", "0\thas kind\n1\tlives with\n")
            .With("train.txt", Lines(triples.Where((_, index) => index % 10 != 3 && index % 10 != 7)))
            .With("valid.txt", Lines(triples.Where((_, index) => index % 10 == 3)))
            .With("test.txt", Lines(triples.Where((_, index) => index % 10 == 7)));
    }

    private static string Rows(IEnumerable<string> items) => string.Concat(items.Select((item, index) => $"{index}\t{item}\n"));

    private static string Lines(IEnumerable<string> items) => string.Concat(items.Select(item => item + "\n"));
}
