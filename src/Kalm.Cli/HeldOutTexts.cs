using Kalm.Files;

namespace Kalm.Cli;

/// <summary>Texts that a base model was not made from, kept in its folder so that what it can still write is measured on them.</summary>
internal sealed record HeldOutTexts(IReadOnlyList<string> Text, IReadOnlyList<string> Descriptions)
{
    private const string TextName = "held-out-text.txt";
    private const string DescriptionsName = "held-out-descriptions.txt";
    private const string Between = "\n\n";

    /// <summary>Divides texts by the seed.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="share">The share to hold out, of each at least one when it is above 0 and there are two.</param>
    /// <param name="seed">Decides which.</param>
    public static (List<string> Kept, List<string> HeldOut) Divide(IReadOnlyList<string> texts, double share, long seed)
    {
        var count = share == 0 || texts.Count < 2 ? 0 : Math.Max(1, (int)(share * texts.Count));
        var order = Enumerable.Range(0, texts.Count).ToArray();
        new Random(unchecked((int)seed)).Shuffle(order);
        var held = order.Take(count).ToHashSet();
        return ([.. texts.Where((_, index) => !held.Contains(index))], [.. texts.Where((_, index) => held.Contains(index))]);
    }

    /// <summary>Reads what lies in a model's folder; nothing where there is nothing.</summary>
    public static HeldOutTexts Of(string folder) => new(Read(folder, TextName), Read(folder, DescriptionsName));

    /// <summary>Writes the texts into a model's folder.</summary>
    public void Write(string folder)
    {
        Write(folder, TextName, Text);
        Write(folder, DescriptionsName, Descriptions);
    }

    private static List<string> Read(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? PlainTexts.OfFiles([path]) : [];
    }

    private static void Write(string folder, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0)
            AtomicFile.WriteAllText(Path.Combine(folder, name), string.Join(Between, texts) + "\n");
    }
}
