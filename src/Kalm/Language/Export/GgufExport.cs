using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Export;

/// <summary>Writes a model as one GGUF file that llama.cpp runs, weight by weight.</summary>
public static class GgufExport
{
    /// <summary>Writes the file.</summary>
    /// <param name="path">The file, replaced when it exists.</param>
    /// <param name="source">The weights.</param>
    /// <param name="type">The type of matrices; vectors stay F32, and Q8_0 keeps matrices whose rows are not whole blocks in F16.</param>
    /// <param name="name">The model's name, for people.</param>
    /// <returns>What the user should know, in sentences.</returns>
    /// <exception cref="KalmException">The model has something that llama.cpp cannot do, a number is too large for the type, or the file
    /// cannot be written.</exception>
    public static IReadOnlyList<string> Write(string path, MergedWeights source, GgufTensorType type, string name)
    {
        ArgumentNullException.ThrowIfNull(source);
        var config = source.Config;
        var architecture = GgufNames.OfModel(config.Architecture.ModelType)
            ?? throw new KalmException(
                $"model_type: found {config.Architecture.ModelType}, expected one that llama.cpp has: {GgufNames.Supported}");
        GgufModelKeys.RequireSupported(config, architecture);
        var warnings = GgufRopeScaling.Warnings(config).ToList();
        using var writer = new GgufWriter();
        AddModel(writer, config, architecture.Architecture, type, name);
        GgufTokenizer.Add(writer, source.Source.ReadTokenizer().Definition, config, warnings);
        var names = new Dictionary<string, string>();
        var types = new Dictionary<string, GgufTensorType>();
        var divisors = GgufRopeScaling.Tensors(config);
        foreach (var (written, values) in divisors)
            writer.Declare(written, GgufTensorType.F32, [values.Length]);
        foreach (var (original, shape) in config.TensorShapes())
        {
            var written = architecture.ToFile(original)
                ?? throw new KalmException($"tensor {original}: llama.cpp has no place for it in {architecture.Architecture}");
            names.Add(written, original);
            types.Add(written, TypeOf(type, shape));
            writer.Declare(written, types[written], shape);
        }
        if (config.SlidingWindow is { } window && window < config.MaxPositions)
            warnings.Add($"llama.cpp knows no sliding window for {architecture.Architecture}: texts longer than {window} tokens get "
                + "other numbers there");
        writer.Write(path, (written, stream) =>
        {
            using var scope = NewDisposeScope();
            if (divisors.TryGetValue(written, out var values))
                GgufNumbers.Write(written, GgufTensorType.F32, values, stream);
            else
                TensorParts.ForEach(Arranged(source.Read(names[written]), GgufArrangement.Of(architecture, config, names[written])),
                    part => GgufNumbers.Write(written, types[written], part, stream));
        });
        return warnings;
    }

    private static void AddModel(GgufWriter writer, ModelConfig config, string architecture, GgufTensorType type, string name)
    {
        writer.Add("general.architecture", architecture);
        writer.Add("general.type", "model");
        writer.Add("general.name", name);
        writer.Add("general.file_type", type switch
        {
            GgufTensorType.F32 => 0L,
            GgufTensorType.F16 => 1,
            GgufTensorType.Q8 => 7,
            _ => 32,
        });
        writer.Add("general.quantization_version", 2L);
        GgufModelKeys.Add(writer, architecture, config);
    }

    private static GgufTensorType TypeOf(GgufTensorType type, long[] shape) =>
        shape.Length < 2 ? GgufTensorType.F32
        : type == GgufTensorType.Q8 && shape[^1] % type.BlockSize() != 0 ? GgufTensorType.F16
        : type;

    private static Tensor Arranged(Tensor weight, GgufArrangement arrangement)
    {
        if (!arrangement.MovesRows && arrangement.Offset == 0)
            return weight;
        using var scope = NewDisposeScope();
        var arranged = weight;
        if (arrangement.MovesRows)
        {
            var rows = new long[weight.shape[0]];
            for (var row = 0L; row < rows.Length; row++)
                rows[arrangement.RowInFile(row)] = row;
            arranged = weight.index_select(0, tensor(rows));
        }
        if (arrangement.Offset != 0)
        {
            using var offset = arrangement.Offset.ToScalar();
            arranged = arranged.Plus(offset);
        }
        return arranged.MoveToOuterDisposeScope();
    }
}
