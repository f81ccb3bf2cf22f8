namespace Kalm.Language.Sources.Safetensors;

/// <summary>The number types of safetensors that Kalm reads and writes.</summary>
public enum TensorType
{
    /// <summary>IEEE 754 double precision, 8 bytes.</summary>
    F64,
    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    F32,
    /// <summary>IEEE 754 half precision, 2 bytes.</summary>
    F16,
    /// <summary>The upper half of a single: 8 bits of exponent, 7 of fraction, 2 bytes.</summary>
    BF16,
    /// <summary>Signed integer of 8 bytes.</summary>
    I64,
    /// <summary>Signed integer of 4 bytes.</summary>
    I32,
    /// <summary>Signed integer of 2 bytes.</summary>
    I16,
    /// <summary>Signed integer of 1 byte.</summary>
    I8,
    /// <summary>Unsigned integer of 1 byte.</summary>
    U8,
    /// <summary>Truth value of 1 byte, 0 or 1.</summary>
    Bool,
}

/// <summary>What there is to know about each <see cref="TensorType"/>.</summary>
public static class TensorTypes
{
    /// <summary>The bytes one element takes.</summary>
    public static int ItemSize(this TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 => 8,
        TensorType.F32 or TensorType.I32 => 4,
        TensorType.F16 or TensorType.BF16 or TensorType.I16 => 2,
        TensorType.I8 or TensorType.U8 or TensorType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor type"),
    };

    /// <summary>Whether the type holds real numbers, as weights do.</summary>
    public static bool IsFloatingPoint(this TensorType type) =>
        type is TensorType.F64 or TensorType.F32 or TensorType.F16 or TensorType.BF16;

    /// <summary>The name a safetensors header gives the type.</summary>
    public static string SafetensorsName(this TensorType type) => type == TensorType.Bool ? "BOOL" : type.ToString();

    /// <summary>The type a safetensors header means by <paramref name="name"/>, or null when Kalm does not read it.</summary>
    public static TensorType? FromSafetensorsName(string name)
    {
        foreach (var type in Enum.GetValues<TensorType>())
            if (type.SafetensorsName() == name)
                return type;
        return null;
    }

    /// <summary>The type config.json means by <paramref name="name"/> (<c>float32</c>, <c>float16</c>, <c>bfloat16</c>), or null.</summary>
    public static TensorType? FromTorchName(string name) => name switch
    {
        "float32" => TensorType.F32,
        "float16" => TensorType.F16,
        "bfloat16" => TensorType.BF16,
        _ => null,
    };

    /// <summary>The name config.json has for a type of weights.</summary>
    public static string TorchName(this TensorType type) => type switch
    {
        TensorType.F32 => "float32",
        TensorType.F16 => "float16",
        TensorType.BF16 => "bfloat16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type of weights"),
    };
}
