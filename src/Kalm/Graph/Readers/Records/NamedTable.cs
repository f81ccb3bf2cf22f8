using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Records;

/// <summary>Reads facts from a table whose columns have names of their own, such as the answer of a query.</summary>
/// <param name="graph">Takes the facts.</param>
/// <param name="file">What the table is called.</param>
/// <param name="names">The columns' names.</param>
/// <param name="split">Where the facts go.</param>
internal sealed class NamedTable(GraphBuilder graph, GraphFile file, IReadOnlyList<string> names, Split split)
{
    private const int SampleRows = 500;
    private readonly List<(string?[] Row, Place Place)> sample = [];
    private ColumnPlan? plan;
    private FactWriter? writer;

    /// <summary>Reads a row; the first ones are held back until it is clear what the columns hold.</summary>
    /// <param name="row">A text for each column; null where there is none.</param>
    /// <param name="place">Where it stands.</param>
    public void Add(string?[] row, Place place)
    {
        if (plan is not null)
        {
            Write(row, place);
            return;
        }
        sample.Add((row, place));
        if (sample.Count == SampleRows)
            Plan();
    }

    /// <summary>Reads what was held back, and tells what was remarkable.</summary>
    public void Finish()
    {
        if (plan is null)
            Plan();
        writer!.Finish();
    }

    private void Plan()
    {
        List<string[]> rows = [.. sample.Select(item => Array.ConvertAll(item.Row, field => field ?? ""))];
        plan = graph.Options.Columns is { } given ? Given(given)
            : ColumnPlan.OfHeading(names) is not null ? ColumnPlan.Of(file, new TableShape(',', false, [[.. names], .. rows]),
                graph.Options)
            : names.Count == 3 ? ColumnPlan.Of(file, new TableShape(',', false, rows), graph.Options) with { Names = [.. names] }
            : throw file.Fault($"columns {string.Join(", ", names)}; expected head, relation and tail among them, or what they hold by "
                + "--columns");
        writer = new FactWriter(graph, file.Shown, string.Join(", ", plan.Names));
        foreach (var (index, name) in names.Index())
            graph.Used(file.Shown, $"'{name}'", ColumnPlan.Words(plan.Roles[index], plan.Names[index]));
        if (plan.Relation < 0)
            graph.Used(file.Shown, "(none)", $"relation: all facts are '{ColumnPlan.OnlyRelation}'");
        foreach (var (row, place) in sample)
            Write(row, place);
        sample.Clear();
    }

    private ColumnPlan Given(IReadOnlyList<string> given) => given.Count == names.Count ? ColumnPlan.Given(given, true)
        : throw file.Fault($"columns {string.Join(", ", names)}; expected as many as --columns names, which are {given.Count}");

    private void Write(string?[] row, Place place)
    {
        writer!.Begin();
        for (var index = 0; index < row.Length; index++)
            writer.Put(plan!.Roles[index], plan.Names[index], row[index] ?? "");
        writer.End(split, place, plan!.Relation < 0 ? ColumnPlan.OnlyRelation : null);
    }
}
