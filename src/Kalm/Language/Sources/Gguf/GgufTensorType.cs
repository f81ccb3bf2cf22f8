namespace Kalm.Language.Sources.Gguf;

/// <summary>The number types of tensors in a GGUF file, with the format's numbers for them (ggml_type of
/// https://github.com/ggml-org/ggml/blob/master/include/ggml.h). Those named Q, IQ, TQ and MX hold blocks of numbers that share
/// scales.</summary>
public enum GgufTensorType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32 = 0,

    /// <summary>IEEE 754 half precision.</summary>
    F16 = 1,

    /// <summary>4 bits and a scale.</summary>
    Q4 = 2,

    /// <summary>4 bits, a scale and a least value: Q4_1.</summary>
    Q4WithMinimum = 3,

    /// <summary>5 bits and a scale: Q5_0.</summary>
    Q5 = 6,

    /// <summary>5 bits, a scale and a least value: Q5_1.</summary>
    Q5WithMinimum = 7,

    /// <summary>Q8_0, blocks of 32 numbers: a scale in half precision, then 32 signed bytes.</summary>
    Q8 = 8,

    /// <summary>Q8_1: as Q8_0, with the sum of the numbers beside the scale.</summary>
    Q8WithSum = 9,

    /// <summary>Q2_K: 2 bits, blocks of 256 with a scale and a least value for each 16.</summary>
    Q2K = 10,

    /// <summary>Q3_K: 3 bits, blocks of 256 with a scale for each 16.</summary>
    Q3K = 11,

    /// <summary>Q4_K: 4 bits, blocks of 256 with a scale and a least value for each 32.</summary>
    Q4K = 12,

    /// <summary>Q5_K: 5 bits, blocks of 256 with a scale and a least value for each 32.</summary>
    Q5K = 13,

    /// <summary>Q6_K: 6 bits, blocks of 256 with a scale for each 16.</summary>
    Q6K = 14,

    /// <summary>Q8_K: signed bytes, blocks of 256 with a single-precision scale.</summary>
    Q8K = 15,

    /// <summary>IQ4_NL: 4 bits that choose among 16 values, blocks of 32.</summary>
    Iq4Nl = 20,

    /// <summary>IQ4_XS: 4 bits that choose among 16 values, blocks of 256 with a scale for each 32.</summary>
    Iq4Xs = 23,

    /// <summary>Signed integer of 1 byte.</summary>
    I8 = 24,

    /// <summary>Signed integer of 2 bytes.</summary>
    I16 = 25,

    /// <summary>Signed integer of 4 bytes.</summary>
    I32 = 26,

    /// <summary>Signed integer of 8 bytes.</summary>
    I64 = 27,

    /// <summary>IEEE 754 double precision.</summary>
    F64 = 28,

    /// <summary>The upper half of a single.</summary>
    BF16 = 30,

    /// <summary>TQ1_0: five numbers of -1, 0, 1 in a byte, blocks of 256.</summary>
    Tq1 = 34,

    /// <summary>TQ2_0: four numbers of -1, 0, 1 in a byte, blocks of 256.</summary>
    Tq2 = 35,

    /// <summary>MXFP4: blocks of 32 numbers of 4 bits (E2M1) under a power of two (OCP Microscaling Formats 1.0).</summary>
    Mxfp4 = 39,
}
