using System.Text.Json;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Reads records that stand one behind another: each a text of its own, as in JSON lines, or the items of a list.</summary>
internal static class JsonRecords
{
    /// <summary>Reads to the end.</summary>
    /// <param name="json">The text.</param>
    /// <param name="graph">Decides whether a malformed line is passed over.</param>
    /// <param name="add">Takes a record.</param>
    /// <param name="isSilent">Whether malformed lines are passed over untold, because they were told before.</param>
    public static void Read(JsonStream json, GraphBuilder graph, Action<JsonElement, Place> add, bool isSilent = false)
    {
        var isInList = false;
        while (true)
        {
            try
            {
                if (!json.Peek())
                    return;
                isInList = json.Token == JsonTokenType.StartArray
                    && json.PeekFurther() is JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.EndArray;
                if (isInList)
                {
                    foreach (var (_, record) in JsonContainer.Items(json))
                        add(record, json.Place);
                }
                else
                {
                    using var record = json.Value();
                    add(record.RootElement, json.Place);
                }
            }
            catch (KalmException) when (!isInList && json.Fault is not null)
            {
                // Each line is a text of its own, so the next one can be read.
                var (place, problem) = json.Fault.Value;
                if (!isSilent)
                    graph.Bad(place, problem);
                if (!json.Recover())
                    return;
            }
        }
    }
}
