// Makes the graph folder samples/world from the tables in samples/world/source:
//
//     dotnet run samples/world/MakeWorld.cs
//
// The same tables always give the same files. A fault in a table ends the run with a message that points to it.

using System.Runtime.CompilerServices;
using System.Text;

try
{
    var folder = World.FolderOfThisFile();
    var world = World.Read(Path.Combine(folder, "source"));
    var splits = Splits.Choose(world);
    splits.RequireHonesty(world);
    Output.Write(folder, world, splits);
    Output.Report(world, splits);
    return 0;
}
catch (FaultException fault)
{
    Console.Error.WriteLine($"error: {fault.Message}");
    return 1;
}

/// <summary>Something in the tables that must be mended by hand.</summary>
internal sealed class FaultException(string message) : Exception(message);

/// <summary>A node: its readable id, its name, and the text that begins with the name.</summary>
internal sealed record Thing(string Id, string Name, string Kind, string Text);

/// <summary>A kind of edge: its words both ways, and how many of a hundred facts are held out for valid and test.</summary>
internal sealed record Link(string Id, string Text, string Inverse, int ValidPercent, int TestPercent);

/// <summary>A fact, by ids.</summary>
internal sealed record Fact(string Head, string Link, string Tail)
{
    public Fact Reverse => new(Tail, Link, Head);

    /// <summary>The two ends in an order of their own, so that both directions have the same.</summary>
    public (string, string) Pair => string.CompareOrdinal(Head, Tail) < 0 ? (Head, Tail) : (Tail, Head);
}

/// <summary>A line of a table, with its cells by column name.</summary>
internal sealed class Row(string file, int line, string[] columns, string[] cells)
{
    public string this[string column] => cells[Array.IndexOf(columns, column)];

    public IEnumerable<string> List(string column) => this[column].Split(';', StringSplitOptions.RemoveEmptyEntries);

    public FaultException Fault(string problem) => new($"{file}({line}): {problem}");

    public static List<Row> ReadAll(string folder, string table)
    {
        var file = table + ".tsv";
        var lines = File.ReadAllLines(Path.Combine(folder, file));
        var columns = lines[0].Split('\t');
        var rows = new List<Row>();
        for (var index = 1; index < lines.Length; index++)
        {
            var row = new Row(file, index + 1, columns, lines[index].Split('\t'));
            rows.Add(row.Complete ? row : throw row.Fault($"expected {columns.Length} cells: {string.Join(", ", columns)}"));
        }
        return rows;
    }

    private bool Complete => cells.Length == columns.Length;
}

/// <summary>All things and all facts about them.</summary>
internal sealed class World
{
    public static readonly Link[] Links =
    [
        new("borders", "shares a border with", "shares a border with", 5, 8),
        new("capital_of", "is the capital of the country", "has as its capital the city", 0, 0),
        new("city_in", "is a large city in the country", "has the large city", 8, 15),
        new("in_region", "is located in the region", "is the region in which lies", 8, 14),
        new("on_continent", "lies on the continent", "is the continent of the country", 4, 8),
        new("part_of_continent", "is a region of the continent", "has the region", 0, 0),
        new("member_of", "is a member state of", "has the member state", 8, 10),
        new("official_language", "has the official language", "is the official language of", 6, 12),
        new("language_family", "belongs to the language group", "is the group of the language", 6, 10),
        new("uses_currency", "pays in the currency unit", "is the currency unit of", 6, 12),
        new("coast_on", "has a coast on", "washes the coast of", 7, 8),
        new("arm_of", "is an arm of", "has as an arm", 0, 0),
        new("flows_through", "is a river that flows through", "is crossed by the river", 5, 8),
        new("flows_into", "is a river that ends in", "takes in the river", 0, 0),
        new("lake_in", "is a lake in the country", "has the lake", 4, 6),
        new("mountains_in", "rises in the country", "has the mountains", 4, 6),
    ];

    private const int FewestWords = 8;
    private const int MostWords = 20;
    private const string Folded = "áaãaäaåaăaāaéeêeíiîióoôoõoöoøoúuüuñnńnçcșsłlśsʻ-'-";

    private readonly Dictionary<string, Thing> byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<Fact> known = [];

    public List<Thing> Things { get; } = [];

    public Dictionary<string, Thing> ById { get; } = new(StringComparer.Ordinal);

    public List<Fact> Facts { get; } = [];

    public static string FolderOfThisFile([CallerFilePath] string file = "") =>
        Path.GetDirectoryName(file) ?? throw new FaultException("no folder of this file");

    public static World Read(string folder)
    {
        var world = new World();
        string[] tables =
        [
            "continents", "regions", "countries", "cities", "rivers", "lakes", "mountains", "seas", "families", "languages",
            "currencies", "organisations",
        ];
        var rows = tables.ToDictionary(table => table, table => Row.ReadAll(folder, table));
        foreach (var table in tables)
            foreach (var row in rows[table])
                world.AddThing(row, table);

        var regions = rows["countries"].ToDictionary(row => row["name"], row => row["region"]);
        foreach (var row in rows["regions"])
            world.Add(row, "part_of_continent", "regions", row["continent"], "continents");
        world.AddCountries(rows["countries"], rows["regions"].ToDictionary(row => row["name"], row => row["continent"]));
        world.AddCities(rows["cities"], rows["countries"], regions);
        foreach (var (table, link) in new[] { ("rivers", "flows_through"), ("lakes", "lake_in"), ("mountains", "mountains_in") })
            foreach (var row in rows[table])
            {
                world.AddEach(row, link, table, "countries", "countries");
                // What crosses a region's edge has no region of its own.
                var ownRegions = row.List("countries").Select(country => regions[country]).Distinct().ToArray();
                if (ownRegions.Length == 1)
                    world.Add(row, "in_region", table, ownRegions[0], "regions");
            }
        foreach (var row in rows["rivers"].Where(row => row["mouth"].Length > 0))
            world.Add(row, "flows_into", "rivers", row["mouth"], "seas", "rivers", "lakes");
        foreach (var row in rows["seas"])
        {
            foreach (var country in row.List("countries"))
                world.Add(row, world.Find(row, country, "countries"), "coast_on", world.Find(row, row["name"], "seas"));
            if (row["ocean"].Length > 0)
                world.Add(row, "arm_of", "seas", row["ocean"], "seas");
        }
        foreach (var row in rows["languages"].Where(row => row["family"].Length > 0))
            world.Add(row, "language_family", "languages", row["family"], "families");
        foreach (var row in rows["organisations"])
            foreach (var country in row.List("members"))
                world.Add(row, world.Find(row, country, "countries"), "member_of", world.Find(row, row["name"], "organisations"));
        world.RequireUse();
        return world;
    }

    private void AddThing(Row row, string table)
    {
        var name = row["name"];
        var thing = new Thing(IdOf(row, name), name, table, $"{name}, {row["description"]}");
        if (!byName.TryAdd(name, thing) || !ById.TryAdd(thing.Id, thing))
            throw row.Fault($"'{name}' again; expected a name and an id ({thing.Id}) once");
        var words = thing.Text.Split(' ').Length;
        if (words is < FewestWords or > MostWords)
            throw row.Fault($"{words} words about '{name}'; expected {FewestWords} to {MostWords}");
        Things.Add(thing);
    }

    private void AddCountries(List<Row> countries, Dictionary<string, string> continents)
    {
        var neighbours = countries.ToDictionary(row => row["name"], row => row.List("neighbours").ToHashSet());
        foreach (var row in countries)
        {
            var name = row["name"];
            foreach (var neighbour in row.List("neighbours"))
            {
                Find(row, neighbour, "countries");
                if (!neighbours[neighbour].Contains(name))
                    throw row.Fault($"'{name}' borders '{neighbour}', which does not border it; expected both or neither");
            }
            AddEach(row, "borders", "countries", "neighbours", "countries");
            Add(row, "in_region", "countries", row["region"], "regions");
            Add(row, "on_continent", "countries", continents[row["region"]], "continents");
            AddEach(row, "official_language", "countries", "languages", "languages");
            AddEach(row, "uses_currency", "countries", "currency", "currencies");
        }
    }

    private void AddCities(List<Row> cities, List<Row> countries, Dictionary<string, string> regions)
    {
        var capitals = countries.SelectMany(row => row.List("capital").Select(city => (City: city, Row: row)))
            .ToDictionary(capital => capital.City, capital => capital.Row);
        foreach (var row in cities)
        {
            var isCapital = capitals.Remove(row["name"], out var country);
            if (isCapital && country!["name"] != row["country"])
                throw row.Fault($"'{row["name"]}' lies in '{row["country"]}' but is the capital of '{country["name"]}'");
            Add(row, isCapital ? "capital_of" : "city_in", "cities", row["country"], "countries");
            Add(row, "in_region", "cities", regions[row["country"]], "regions");
        }
        foreach (var (city, row) in capitals)
            throw row.Fault($"unknown capital '{city}'; expected a city of cities.tsv");
    }

    private void AddEach(Row row, string link, string kind, string column, string otherKind)
    {
        foreach (var other in row.List(column))
            Add(row, link, kind, other, otherKind);
    }

    private void Add(Row row, string link, string kind, string other, params string[] otherKinds) =>
        Add(row, Find(row, row["name"], kind), link, Find(row, other, otherKinds));

    private void Add(Row row, Thing head, string link, Thing tail)
    {
        var fact = new Fact(head.Id, link, tail.Id);
        if (head == tail || !known.Add(fact))
            throw row.Fault($"'{head.Name}' {link} '{tail.Name}' again or of itself; expected each fact once");
        Facts.Add(fact);
    }

    private Thing Find(Row row, string name, params string[] kinds) =>
        byName.TryGetValue(name, out var thing) && thing.Name == name && kinds.Contains(thing.Kind)
            ? thing
            : throw row.Fault($"unknown name '{name}'; expected one of {string.Join(", ", kinds)}");

    private void RequireUse()
    {
        var used = Facts.SelectMany(fact => new[] { fact.Head, fact.Tail }).ToHashSet();
        if (Things.Find(thing => !used.Contains(thing.Id)) is { } unused)
            throw new FaultException($"{unused.Kind}.tsv: no fact mentions '{unused.Name}'");
    }

    private static string IdOf(Row row, string name)
    {
        var id = new StringBuilder();
        foreach (var letter in name.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(letter))
                id.Append(letter);
            else if (letter is ' ' or '-' or '.' or ',')
                id.Append(id.Length > 0 && id[^1] != '_' ? "_" : "");
            else if (Folded.IndexOf(letter) is >= 0 and var place)
                id.Append(Folded[place + 1] == '-' ? "" : Folded[place + 1]);
            else
                throw row.Fault($"letter '{letter}' of '{name}'; expected one that {nameof(Folded)} lists");
        }
        return id.ToString().TrimEnd('_');
    }
}

/// <summary>Which facts are learned from, which select the checkpoint and which are reported on.</summary>
internal sealed class Splits
{
    private readonly HashSet<Fact> train;

    private Splits(World world)
    {
        train = [.. world.Facts];
        Train = world.Facts;
    }

    public List<Fact> Train { get; private set; }

    public List<Fact> Valid { get; private set; } = [];

    public List<Fact> Test { get; private set; } = [];

    /// <summary>Holds facts out, in an order that depends on nothing but the facts, until each relation has given its share.</summary>
    public static Splits Choose(World world)
    {
        var splits = new Splits(world);
        var pairs = world.Facts.GroupBy(fact => fact.Pair).ToDictionary(group => group.Key, group => group.ToArray());
        var degree = world.Facts.SelectMany(fact => new[] { fact.Head, fact.Tail }).CountBy(id => id).ToDictionary();
        var heldOut = new Dictionary<string, int>();
        foreach (var link in World.Links)
        {
            var facts = world.Facts.Where(fact => fact.Link == link.Id).ToArray();
            var wantedTest = facts.Length * link.TestPercent / 100;
            var wanted = wantedTest + facts.Length * link.ValidPercent / 100;
            var taken = 0;
            foreach (var fact in facts.OrderBy(Shuffled))
            {
                // Both directions of a border stand together; every other pair must have a single fact.
                var unit = pairs[fact.Pair];
                if (taken >= wanted || !splits.train.Contains(fact) || unit.Any(other => other.Link != link.Id))
                    continue;
                if (TellsOf(world.ById[fact.Head], world.ById[fact.Tail]) || !MayLose(fact.Head) || !MayLose(fact.Tail))
                    continue;
                splits.train.ExceptWith(unit);
                if (!unit.All(splits.IsInferable))
                {
                    splits.train.UnionWith(unit);
                    continue;
                }
                (taken < wantedTest ? splits.Test : splits.Valid).AddRange(unit);
                taken += unit.Length;
                heldOut[fact.Head] = heldOut.GetValueOrDefault(fact.Head) + 1;
                heldOut[fact.Tail] = heldOut.GetValueOrDefault(fact.Tail) + 1;
            }
        }
        splits.Settle(world);
        return splits;

        // Nothing loses more than a fifth of its facts, a small thing at most one and nothing its only one.
        bool MayLose(string id) => degree[id] >= 2 && heldOut.GetValueOrDefault(id) < Math.Max(1, degree[id] / 5);
    }

    /// <summary>The rules of README.md, checked once more on what was chosen.</summary>
    public void RequireHonesty(World world)
    {
        var trainPairs = Train.Select(fact => fact.Pair).ToHashSet();
        var validPairs = Valid.Select(fact => fact.Pair).ToHashSet();
        foreach (var fact in Valid.Concat(Test))
        {
            if (trainPairs.Contains(fact.Pair))
                throw new FaultException($"{fact}: train links this pair");
            if (TellsOf(world.ById[fact.Head], world.ById[fact.Tail]))
                throw new FaultException($"{fact}: a description names the other end");
            if (!IsInferable(fact))
                throw new FaultException($"{fact}: nothing in train points to it");
        }
        if (Test.Any(fact => validPairs.Contains(fact.Pair)))
            throw new FaultException("valid and test share a pair");
    }

    private static bool TellsOf(Thing head, Thing tail) =>
        head.Text.Contains(tail.Name, StringComparison.OrdinalIgnoreCase) ||
        tail.Text.Contains(head.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a like case stands in train: another head with the same relation and tail, which train links to this head,
    /// directly or through one thing that is not as large as a continent.</summary>
    private bool IsInferable(Fact fact)
    {
        var near = Neighbours(fact.Head);
        return train.Any(other => other.Link == fact.Link && other.Tail == fact.Tail && other.Head != fact.Head &&
            (near.Contains(other.Head) || near.Overlaps(Neighbours(other.Head))));
    }

    private HashSet<string> Neighbours(string id)
    {
        var near = new HashSet<string>();
        foreach (var fact in train)
        {
            if (fact.Link is "on_continent" or "part_of_continent")
                continue;
            if (fact.Head == id)
                near.Add(fact.Tail);
            if (fact.Tail == id)
                near.Add(fact.Head);
        }
        return near;
    }

    /// <summary>Gives back what later choices made impossible to infer, and puts the splits into the order of the facts.</summary>
    private void Settle(World world)
    {
        foreach (var split in new[] { Valid, Test })
            foreach (var fact in split.Where(fact => !IsInferable(fact)).ToArray())
            {
                train.Add(fact);
                split.Remove(fact);
                if (split.Remove(fact.Reverse))
                    train.Add(fact.Reverse);
            }
        Train = [.. world.Facts.Where(train.Contains)];
        Valid = [.. world.Facts.Where(Valid.ToHashSet().Contains)];
        Test = [.. world.Facts.Where(Test.ToHashSet().Contains)];
    }

    /// <summary>A number that is as good as random but the same on every machine: FNV-1a over the fact's letters.</summary>
    private static ulong Shuffled(Fact fact)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in Encoding.UTF8.GetBytes($"{fact.Head} {fact.Link} {fact.Tail}"))
            hash = unchecked((hash ^ letter) * 1099511628211UL);
        return hash ^ (hash >> 29);
    }
}

/// <summary>The files of a KaLM folder, and a table of counts.</summary>
internal static class Output
{
    public static void Write(string folder, World world, Splits splits)
    {
        Lines("train.txt", splits.Train.Select(Line));
        Lines("valid.txt", splits.Valid.Select(Line));
        Lines("test.txt", splits.Test.Select(Line));
        Lines("entities.dict", world.Things.Select((thing, row) => $"{row}\t{thing.Id}"));
        Lines("entityId2text.dict", world.Things.Select((thing, row) => $"{row}\t{thing.Text}"));
        Lines("entityText_short.txt", world.Things.Select(thing => thing.Name));
        Lines("entityTypes.dict", world.Things.Select((thing, row) => $"{row}\t{TypeOf(thing.Kind)}"));
        Lines("relations.dict", World.Links.Select((link, row) => $"{row}\t{link.Id}"));
        Lines("relationId2text.dict", World.Links.Select((link, row) => $"{row}\t{link.Text}"));
        Lines("relationId2text_inverse.dict", World.Links.Select((link, row) => $"{row}\t{link.Inverse}"));

        void Lines(string name, IEnumerable<string> lines) =>
            File.WriteAllText(Path.Combine(folder, name), string.Concat(lines.Select(line => line + "\n")));
    }

    // One of what a table holds.
    private static string TypeOf(string table) => table switch
    {
        "families" => "language group",
        _ when table.EndsWith("ies", StringComparison.Ordinal) => table[..^3] + "y",
        _ => table[..^1],
    };

    public static void Report(World world, Splits splits)
    {
        Console.WriteLine("| relation | train | valid | test |\n| --- | --- | --- | --- |");
        foreach (var link in World.Links)
            Console.WriteLine($"| `{link.Id}` | {Count(splits.Train, link)} | {Count(splits.Valid, link)} | {Count(splits.Test, link)} |");
        Console.WriteLine($"| all | {splits.Train.Count} | {splits.Valid.Count} | {splits.Test.Count} |");
        Console.WriteLine($"{world.Things.Count} entities, {World.Links.Length} relations, {world.Facts.Count} triples");
    }

    private static int Count(List<Fact> facts, Link link) => facts.Count(fact => fact.Link == link.Id);

    private static string Line(Fact fact) => $"{fact.Head}\t{fact.Link}\t{fact.Tail}";
}
