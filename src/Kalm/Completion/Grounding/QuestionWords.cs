namespace Kalm.Completion.Grounding;

/// <summary>What common English words do in a question.</summary>
internal static class QuestionWords
{
    private static readonly HashSet<string> Stop = Set(
        "a an the of is are was were be been being am do does did has have had can could will would should may might shall please tell me "
        + "us you your my our i we it its they them their he she his her there this that these those who whom whose what which where when "
        + "why how in on at to into through from with between by for over as and or also both name give list show find know say called "
        + "some any all every each so than then about s t let lets help want like see");

    private static readonly HashSet<string> Weak = Set("in on into through from with between by over");

    private static readonly HashSet<string> Generic = Stems(
        "country city place thing people person entity one word term state body lie located situated found use used");

    private static readonly HashSet<string> Places = Stems("country city place region continent location located lies situated");

    private static readonly HashSet<string> Auxiliaries = Set("is are was were do does did has have had can could");

    // What makes a question ask for something else than the relation's words alone do.
    private static readonly HashSet<string> Changing = Set(
        "not no never without except neither nor don doesn isn aren didn wasn hasn most least more less former formerly previous next "
        + "future second third first last only best worst many much fewer total average why");

    private static readonly HashSet<string> NoSuperlatives = Set("forest interest harvest request guest west northwest southwest honest");

    // The words of relations that people ask about in other words.
    private static readonly Dictionary<string, string[]> Others = Synonyms(
        "speak language", "spoken language", "spoke language", "tongue language", "talk language", "money currency", "pay currency",
        "neighbour border", "neighbor border", "neighbouring border", "neighboring border", "adjacent border", "frontier border",
        "used use", "situated located lies", "located lies", "lie located", "lies located", "empty end flow", "drain end flow",
        "born birth",
        "birthplace birth born", "died death", "wife spouse married", "husband spouse married", "married spouse", "wrote author written",
        "written author", "peak mountain", "range mountain", "family group", "part belong member", "belong member part", "member part",
        "broader hypernym", "narrower hyponym", "run flow", "cross flow through");

    /// <summary>Whether a word says nothing of what is asked about.</summary>
    public static bool IsStop(string word) => Stop.Contains(word);

    /// <summary>Whether it is a preposition that tells relations apart, but does not name one.</summary>
    public static bool IsWeak(string word) => Weak.Contains(word);

    /// <summary>Whether it may stand for what is sought without being any relation's word.</summary>
    public static bool IsGeneric(PlainWord word) => Generic.Contains(word.Stem);

    /// <summary>Whether a relation with this word may tell where something is.</summary>
    public static bool IsPlace(string stem) => Places.Contains(stem);

    /// <summary>Whether a question that begins with it is answered by yes or no.</summary>
    public static bool IsAuxiliary(string word) => Auxiliaries.Contains(word);

    /// <summary>Whether it denies, counts, compares or means another time, which no fact alone answers.</summary>
    public static bool Changes(string word) => Changing.Contains(word)
        || (word.Length >= 6 && word.EndsWith("est", StringComparison.Ordinal) && !NoSuperlatives.Contains(word));

    /// <summary>Stems of other words for the same.</summary>
    public static IReadOnlyList<string> OthersOf(PlainWord word) =>
        Others.GetValueOrDefault(word.Text) ?? Others.GetValueOrDefault(word.Stem) ?? [];

    private static HashSet<string> Set(string words) => [.. words.Split(' ')];

    private static HashSet<string> Stems(string words) => [.. words.Split(' ').Select(PlainWord.StemOf)];

    private static Dictionary<string, string[]> Synonyms(params IReadOnlyList<string> lines)
    {
        var table = new Dictionary<string, string[]>();
        foreach (var words in lines.Select(line => line.Split(' ')))
            table[words[0]] = table[PlainWord.StemOf(words[0])] = [.. words.Skip(1).Select(PlainWord.StemOf)];
        return table;
    }
}
