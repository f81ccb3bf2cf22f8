namespace Kalm.Language.Export;

/// <summary>The number types of tensors in a GGUF file that Kalm writes, with the format's numbers for them.</summary>
public enum GgufTensorType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32 = 0,

    /// <summary>IEEE 754 half precision.</summary>
    F16 = 1,

    /// <summary>Q8_0, blocks of 32 numbers: a scale in half precision, then 32 signed bytes.</summary>
    Q8 = 8,

    /// <summary>The upper half of a single.</summary>
    BF16 = 30,
}
