using System.Text.Json.Serialization;

namespace Kalm.Language.Model;

/// <summary>How the projections of a frozen base model are held. Embedding, head, norms and biases stay in single precision.</summary>
public enum BasePrecision
{
    /// <summary>For LoRA on a base of 50 million parameters or more <see cref="Bf16"/>, where the processor multiplies it clearly faster
    /// or the memory holds nothing larger; where it does not hold that, <see cref="EightBit"/>; otherwise as <see cref="Stored"/> where the
    /// source is quantized, else single precision.</summary>
    Auto,

    /// <summary>The blocks of a GGUF file as they lie in it; made single precision, matrix by matrix, where they are used.</summary>
    Stored,

    /// <summary>Single precision, 4 bytes a weight.</summary>
    Fp32,

    /// <summary>BF16, 2 bytes a weight, multiplied as such on a GPU and on CPUs that do it clearly faster (AMX-BF16, AVX512-BF16); on
    /// others made single precision, matrix by matrix, where they are used.</summary>
    Bf16,

    /// <summary>8 bits a weight and a scale a row; made single precision again, layer by layer, where they are used.</summary>
    [JsonStringEnumMemberName("int8")]
    EightBit,
}
