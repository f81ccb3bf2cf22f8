using System.Text.Json;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Reads facts that are lists, such as ["Ann", "knows", "Bob"]: a table, whose first row may be a heading.</summary>
/// <param name="graph">Takes them.</param>
/// <param name="file">The file, for messages.</param>
/// <param name="split">Where they go.</param>
internal sealed class JsonRows(GraphBuilder graph, GraphFile file, Split split)
{
    private const int SampleRows = 500;
    private readonly List<(Row Row, Place Place)> sample = [];
    private ColumnPlan? plan;
    private FactWriter? writer;

    /// <summary>Reads a row; the first ones are held back until it is clear what the columns hold.</summary>
    public void Add(JsonElement row, Place place)
    {
        var values = row.EnumerateArray().Select(value => JsonText.Of(value) ?? value.GetRawText()).ToArray();
        var kinds = row.EnumerateArray().Select(value => value.ValueKind).ToArray();
        if (plan is not null)
            Add(new Row(values, kinds), place);
        else
            sample.Add((new Row(values, kinds), place));
        if (sample.Count == SampleRows)
            Plan();
    }

    /// <summary>Reads what was held back, and tells what was remarkable.</summary>
    public void Finish()
    {
        Plan();
        writer?.Finish();
    }

    private void Plan()
    {
        if (sample.Count == 0)
            return;
        plan = ColumnPlan.Of(file, new TableShape(',', false, [.. sample.Select(item => item.Row.Values)]), graph.Options);
        writer = new FactWriter(graph, file.Shown, $"a list of {string.Join(", ", plan.Names)}");
        foreach (var (index, name) in plan.Names.Index())
            graph.Used(file.Shown, plan.HasHeading ? $"'{name}'" : $"{index + 1}", ColumnPlan.Words(plan.Roles[index], name));
        foreach (var (row, place) in sample.Skip(plan.HasHeading ? 1 : 0))
            Add(row, place);
        sample.Clear();
    }

    private void Add(Row row, Place place)
    {
        if (row.Values.Length != plan!.Roles.Count)
        {
            graph.Bad(place, $"a list of {row.Values.Length}; expected one of {plan.Roles.Count}: {string.Join(", ", plan.Names)}, or "
                + "what the "
                + "items hold by --columns, such as head,relation,tail,weight");
            return;
        }
        if (row.Kinds[plan.Head] is JsonValueKind.Array or JsonValueKind.Object
            || row.Kinds[plan.Tail] is JsonValueKind.Array or JsonValueKind.Object)
        {
            graph.Bad(place, "a list or an object as head or tail; expected texts");
            return;
        }
        writer!.Begin();
        for (var index = 0; index < row.Values.Length; index++)
            if (index == plan.Tail && row.Kinds[index] is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
                && row.Kinds[plan.Head] == JsonValueKind.String)
                writer.PutLiteral(row.Values[index]);
            else
                writer.Put(plan.Roles[index], plan.Names[index], row.Values[index]);
        writer.End(split, place, plan.Relation < 0 ? ColumnPlan.OnlyRelation : null);
    }

    /// <summary>A list, and what its items are.</summary>
    private sealed record Row(string[] Values, JsonValueKind[] Kinds);
}
