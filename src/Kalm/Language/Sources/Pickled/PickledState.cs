using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>The tensors by name that a pickle holds: in a dictionary, or in one under a name that trainers use.</summary>
internal sealed class PickledState
{
    private const int NamesInWarning = 5;
    private static readonly string[] Nests = ["state_dict", "model", "module"];
    private readonly List<string> warnings = [];

    private PickledState(PickleDictionary dictionary, string path)
    {
        var others = new List<string>();
        foreach (var (name, value) in dictionary.Items)
            if (value is PickleTensor tensor)
                Tensors.Add(name, tensor);
            else
                others.Add(name);
        if (Tensors.Count > SafetensorsHeader.MostEntries)
            throw new KalmException($"{path}: found {Tensors.Count} tensors, expected at most {SafetensorsHeader.MostEntries}");
        var count = others.Count + dictionary.OtherKeys;
        if (count > 0)
            warnings.Add($"{path}: {count} "
                + $"{(count == 1 ? "value that is no tensor by name is" : "values that are no tensors by name are")} ignored"
                + (others.Count == 0 ? "" : ": " + string.Join(", ",
                    others.Order(StringComparer.Ordinal).Take(NamesInWarning).Select(FileFault.Quote)))
                + (others.Count > NamesInWarning ? ", ..." : ""));
    }

    /// <summary>The tensors by their names.</summary>
    public Dictionary<string, PickleTensor> Tensors { get; } = [];

    /// <summary>What was passed over, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    /// <summary>Finds the tensors in what the pickle of the file <paramref name="path"/> holds.</summary>
    /// <exception cref="KalmException">There are none.</exception>
    public static PickledState Of(object? value, string path)
    {
        if (value is not PickleDictionary dictionary)
            throw new KalmException($"{path}: found {Describe(value)}, expected a dictionary of tensors by name");
        if (HasTensors(dictionary))
            return new PickledState(dictionary, path);
        foreach (var nest in Nests)
            if (dictionary.Items.TryGetValue(nest, out var inner) && inner is PickleDictionary nested && HasTensors(nested))
            {
                var state = new PickledState(nested, path);
                state.warnings.Insert(0, $"{path}: the tensors are those under '{nest}'; the rest of the checkpoint is ignored");
                return state;
            }
        var some = string.Join(", ",
            dictionary.Items.Keys.Order(StringComparer.Ordinal).Take(NamesInWarning).Select(FileFault.Quote));
        throw new KalmException($"{path}: found {(some.Length == 0 ? "nothing" : some)}, expected tensors by name, or such a dictionary "
            + "under " + string.Join(", ", Nests));
    }

    private static bool HasTensors(PickleDictionary dictionary) => dictionary.Items.Values.Any(value => value is PickleTensor);

    private static string Describe(object? value) => value switch
    {
        null => "nothing",
        long => PickleOpaque.Number.Kind,
        string => "a text",
        object?[] => "a tuple",
        PickleOpaque { Kind: var kind } => kind,
        PickleTensor => "a tensor without a name",
        PickleStorage => "numbers without a tensor",
        _ => "a name",
    };
}
