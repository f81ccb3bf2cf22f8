namespace Kalm.Language.Sources.Gguf;

/// <summary>What there is to know about each <see cref="GgufTensorType"/>: its name in the format, how many numbers a block has and how
/// many
/// bytes.</summary>
public static class GgufTensorTypes
{
    private static readonly Dictionary<GgufTensorType, (string Name, int BlockSize, int BlockBytes)> Facts = new()
    {
        [GgufTensorType.F32] = ("F32", 1, 4),
        [GgufTensorType.F16] = ("F16", 1, 2),
        [GgufTensorType.BF16] = ("BF16", 1, 2),
        [GgufTensorType.F64] = ("F64", 1, 8),
        [GgufTensorType.I8] = ("I8", 1, 1),
        [GgufTensorType.I16] = ("I16", 1, 2),
        [GgufTensorType.I32] = ("I32", 1, 4),
        [GgufTensorType.I64] = ("I64", 1, 8),
        [GgufTensorType.Q4] = ("Q4_0", 32, 18),
        [GgufTensorType.Q4WithMinimum] = ("Q4_1", 32, 20),
        [GgufTensorType.Q5] = ("Q5_0", 32, 22),
        [GgufTensorType.Q5WithMinimum] = ("Q5_1", 32, 24),
        [GgufTensorType.Q8] = ("Q8_0", 32, 34),
        [GgufTensorType.Q8WithSum] = ("Q8_1", 32, 36),
        [GgufTensorType.Q2K] = ("Q2_K", 256, 84),
        [GgufTensorType.Q3K] = ("Q3_K", 256, 110),
        [GgufTensorType.Q4K] = ("Q4_K", 256, 144),
        [GgufTensorType.Q5K] = ("Q5_K", 256, 176),
        [GgufTensorType.Q6K] = ("Q6_K", 256, 210),
        [GgufTensorType.Q8K] = ("Q8_K", 256, 292),
        [GgufTensorType.Iq4Nl] = ("IQ4_NL", 32, 18),
        [GgufTensorType.Iq4Xs] = ("IQ4_XS", 256, 136),
        [GgufTensorType.Tq1] = ("TQ1_0", 256, 54),
        [GgufTensorType.Tq2] = ("TQ2_0", 256, 66),
        [GgufTensorType.Mxfp4] = ("MXFP4", 32, 17),
    };

    // Types that are known by name only, so that a message can say what a file holds.
    private static readonly Dictionary<uint, string> Unread = new()
    {
        [4] = "Q4_2", [5] = "Q4_3", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S", [21] = "IQ3_S", [22] = "IQ2_S",
        [29] = "IQ1_M", [31] = "Q4_0_4_4", [32] = "Q4_0_4_8", [33] = "Q4_0_8_8", [40] = "NVFP4", [41] = "Q1_0",
    };

    /// <summary>The names of the types that are read, for messages.</summary>
    public static string Supported { get; } = string.Join(", ", Facts.Values.Select(fact => fact.Name));

    /// <summary>The format's name for the type, for example <c>Q4_K</c>.</summary>
    public static string FormatName(this GgufTensorType type) => Facts[type].Name;

    /// <summary>How many numbers a block holds; 1 where each number stands alone.</summary>
    public static int BlockSize(this GgufTensorType type) => Facts[type].BlockSize;

    /// <summary>How many bytes a block takes.</summary>
    public static int BlockBytes(this GgufTensorType type) => Facts[type].BlockBytes;

    /// <summary>The bytes of <paramref name="count"/> numbers in whole blocks.</summary>
    public static long ByteCount(this GgufTensorType type, long count)
    {
        var (_, size, bytes) = Facts[type];
        ArgumentOutOfRangeException.ThrowIfNotEqual(count % size, 0);
        return checked(count / size * bytes);
    }

    /// <summary>Whether the type holds real numbers, as weights do.</summary>
    public static bool IsWeight(this GgufTensorType type) =>
        type is not (GgufTensorType.I8 or GgufTensorType.I16 or GgufTensorType.I32 or GgufTensorType.I64);

    /// <summary>The type that a file means by a number, or null when it is not read.</summary>
    internal static GgufTensorType? Find(uint number) => Facts.ContainsKey((GgufTensorType)number) ? (GgufTensorType)number : null;

    /// <summary>What a message calls a number that is no type which is read.</summary>
    internal static string Describe(uint number) => Unread.TryGetValue(number, out var name) ? $"{name} (type {number})"
        : $"type {number}";
}
