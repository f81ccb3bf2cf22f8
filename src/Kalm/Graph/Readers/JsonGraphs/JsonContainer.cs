using System.Text.Json;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Walks over one object whose members are lists, which may stand a little deeper: in "elements", "graph", "data".</summary>
internal static class JsonContainer
{
    /// <summary>How deep lists may stand in objects.</summary>
    public const int Deepest = 2;

    /// <summary>Goes over the members of the object whose beginning was found.</summary>
    /// <param name="json">The text.</param>
    /// <param name="take">Takes a list, or an object of records by their keys, as a whole and says so, or leaves it.</param>
    /// <param name="left">Is told the keys of the members that nothing takes.</param>
    /// <param name="depth">How deep the object lies.</param>
    public static void Walk(JsonStream json, Func<string, bool> take, Action<string> left, int depth = 0)
    {
        json.Step();
        while (json.Peek() && json.Token == JsonTokenType.PropertyName)
        {
            var key = json.Name;
            json.Step();
            json.Peek();
            if (json.Token is JsonTokenType.StartArray or JsonTokenType.StartObject && take(key))
                continue;
            if (json.Token == JsonTokenType.StartObject && depth < Deepest)
            {
                Walk(json, take, left, depth + 1);
            }
            else
            {
                left(key);
                json.Skip();
            }
        }
        json.Step();
    }

    /// <summary>The items of a list, or the members of an object, one at a time.</summary>
    public static IEnumerable<(string? Key, JsonElement Value)> Items(JsonStream json)
    {
        var isList = json.Token == JsonTokenType.StartArray;
        json.Step();
        while (json.Peek() && json.Token is not (JsonTokenType.EndArray or JsonTokenType.EndObject))
        {
            string? key = null;
            if (!isList)
            {
                key = json.Name;
                json.Step();
                json.Peek();
            }
            using var value = json.Value();
            yield return (key, value.RootElement);
        }
        json.Step();
    }
}
