using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>The names that a pickle of weights may hold, and what a call of each builds here. They are those that torch.load allows
/// with <c>weights_only</c>, without the tensors of other kinds:
/// https://docs.pytorch.org/docs/stable/notes/serialization.html#weights-only.</summary>
internal static class PickleGlobals
{
    /// <summary>The way out for a file that is not read.</summary>
    public const string WayOut = "where you trust the file, load it with torch and save it as safetensors";

    /// <summary>Why a name is refused, and what to do.</summary>
    public const string NeverRun = "code that a file names is never run; " + WayOut;

    private const int MostDimensions = 32;
    private const string RebuildTensor = "torch._utils._rebuild_tensor";
    private const string RebuildParameter = "torch._utils._rebuild_parameter";

    private static readonly HashSet<string> Callable =
    [
        "collections.OrderedDict", "collections.Counter", "torch.Size", "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter",
        "torch.nn.Parameter", "torch._tensor._rebuild_from_type_v2", "_codecs.encode", "builtins.set", "builtins.frozenset",
        "builtins.bytearray", "builtins.complex", RebuildTensor, RebuildTensor + "_v2", RebuildTensor + "_v3", RebuildParameter,
        RebuildParameter + "_with_state",
    ];

    // The types that are not read are named where a tensor has them.
    private static readonly Dictionary<string, TensorType?> Types = new()
    {
        ["torch.DoubleStorage"] = TensorType.F64, ["torch.float64"] = TensorType.F64,
        ["torch.FloatStorage"] = TensorType.F32, ["torch.float32"] = TensorType.F32,
        ["torch.HalfStorage"] = TensorType.F16, ["torch.float16"] = TensorType.F16,
        ["torch.BFloat16Storage"] = TensorType.BF16, ["torch.bfloat16"] = TensorType.BF16,
        ["torch.LongStorage"] = TensorType.I64, ["torch.int64"] = TensorType.I64,
        ["torch.IntStorage"] = TensorType.I32, ["torch.int32"] = TensorType.I32,
        ["torch.ShortStorage"] = TensorType.I16, ["torch.int16"] = TensorType.I16,
        ["torch.CharStorage"] = TensorType.I8, ["torch.int8"] = TensorType.I8,
        ["torch.ByteStorage"] = TensorType.U8, ["torch.uint8"] = TensorType.U8,
        ["torch.BoolStorage"] = TensorType.Bool, ["torch.bool"] = TensorType.Bool,
        ["torch.storage.UntypedStorage"] = TensorType.U8, ["torch.UntypedStorage"] = TensorType.U8,
        ["torch.ComplexFloatStorage"] = null, ["torch.complex64"] = null, ["torch.complex32"] = null,
        ["torch.ComplexDoubleStorage"] = null, ["torch.complex128"] = null, ["torch.float8_e4m3fn"] = null,
        ["torch.float8_e4m3fnuz"] = null, ["torch.float8_e5m2"] = null, ["torch.float8_e5m2fnuz"] = null,
        ["torch.float8_e8m0fnu"] = null, ["torch.float4_e2m1fn_x2"] = null, ["torch.uint16"] = null,
        ["torch.uint32"] = null, ["torch.uint64"] = null,
        ["torch.QInt8Storage"] = null, ["torch.QUInt8Storage"] = null, ["torch.QInt32Storage"] = null,
    };

    /// <summary>The type that a class of storages or a torch.dtype stands for; null when it is not read.</summary>
    public static TensorType? TypeOf(string name) => Types.GetValueOrDefault(name);

    /// <summary>Whether the name is that of a class of storages.</summary>
    public static bool IsStorage(string name) => name.EndsWith("Storage", StringComparison.Ordinal) && Types.ContainsKey(name);

    /// <summary>The global of that module and name.</summary>
    /// <exception cref="KalmException">It is none that weights need.</exception>
    public static PickleGlobal Find(string path, string module, string name)
    {
        // Python 2 called the module so, and pickles of its protocol still do.
        var full = $"{(module == "__builtin__" ? "builtins" : module)}.{name}";
        return Callable.Contains(full) || Types.ContainsKey(full) ? new PickleGlobal(full) : throw new KalmException(
            $"{path}: its pickle names {FileFault.Quote(full)}, expected tensors and plain values alone: {NeverRun}");
    }

    /// <summary>What calling <paramref name="callee"/> gives.</summary>
    public static object? Call(string path, object? callee, object? arguments)
    {
        if (callee is not PickleGlobal { Name: var name } || arguments is not object?[] given)
            throw new KalmException($"{path}: its pickle calls something that is no name; expected weights that torch.save wrote");
        switch (name)
        {
            case "collections.OrderedDict" or "collections.Counter" when given.Length == 0:
                return new PickleDictionary();
            case "collections.OrderedDict" or "collections.Counter" when given is [PickleDictionary items]:
                return items;
            case "torch.Size" when given is [object?[] sizes]:
                return sizes;
            case "torch.device" or "_codecs.encode" or "builtins.bytearray" or "builtins.complex":
                return PickleOpaque.Other;
            case "builtins.set" or "builtins.frozenset":
                return PickleOpaque.Set;
            case RebuildParameter or RebuildParameter + "_with_state" or "torch.nn.parameter.Parameter" or "torch.nn.Parameter"
                when given is [PickleTensor tensor, ..]:
                return tensor;
            case RebuildTensor or RebuildTensor + "_v2" or RebuildTensor + "_v3"
                when given is [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..]:
                var type = !name.EndsWith("_v3", StringComparison.Ordinal) ? null
                    : given is [_, _, _, _, _, _, PickleGlobal dtype, ..] ? dtype.Name : throw Odd(path, name);
                return new PickleTensor(storage, offset, Numbers(path, name, shape), Numbers(path, name, strides), type);
            // A tensor with attributes or a class of its own. Only what rebuilds one is called, so that no chain of calls grows.
            case "torch._tensor._rebuild_from_type_v2" when given is [PickleGlobal inner, _, object?[] innerGiven, ..]
                && inner.Name.StartsWith("torch._utils._rebuild_", StringComparison.Ordinal):
                return Call(path, inner, innerGiven);
            default:
                throw Odd(path, name);
        }
    }

    private static KalmException Odd(string path, string name) =>
        new($"{path}: its pickle calls {FileFault.Quote(name)} in a way that torch.save does not; {WayOut}");

    private static long[] Numbers(string path, string name, object?[] values)
    {
        if (values.Length > MostDimensions)
            throw Odd(path, name);
        var numbers = new long[values.Length];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = values[i] is long number ? number : throw Odd(path, name);
        return numbers;
    }
}
