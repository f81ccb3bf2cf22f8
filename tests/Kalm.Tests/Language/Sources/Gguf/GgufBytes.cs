using System.Text;

namespace Kalm.Tests.Language.Sources.Gguf;

/// <summary>Makes GGUF files byte by byte, sound or not.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> keys = [];
    private readonly List<byte> tensors = [];
    private ulong keyCount;
    private ulong tensorCount;

    public uint Version { get; init; } = 3;

    public byte[] Data { get; init; } = new byte[64];

    public int Alignment { get; init; } = 32;

    public ulong? KeyCount { get; init; }

    public ulong? TensorCount { get; init; }

    public static byte[] Text(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)),
        .. Encoding.UTF8.GetBytes(text)];

    public GgufBytes Key(string name, uint type, params byte[] value)
    {
        keys.AddRange([.. Text(name), .. BitConverter.GetBytes(type), .. value]);
        keyCount++;
        return this;
    }

    public GgufBytes Key(string name, string value) => Key(name, 8, Text(value));

    public GgufBytes Key(string name, uint value) => Key(name, 4, BitConverter.GetBytes(value));

    public GgufBytes Tensor(string name, uint type, ulong offset, params ulong[] dimensions)
    {
        tensors.AddRange([.. Text(name), .. BitConverter.GetBytes((uint)dimensions.Length),
            .. dimensions.SelectMany(BitConverter.GetBytes),
            .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(offset)]);
        tensorCount++;
        return this;
    }

    public byte[] Make()
    {
        List<byte> bytes =
        [
            .. "GGUF"u8, .. BitConverter.GetBytes(Version), .. BitConverter.GetBytes(TensorCount ?? tensorCount),
                .. BitConverter.GetBytes(KeyCount ?? keyCount),
            .. keys, .. tensors,
        ];
        bytes.AddRange(new byte[(Alignment - (bytes.Count % Alignment)) % Alignment]);
        return [.. bytes, .. Data];
    }

    /// <summary>A whole Llama of one layer with a vocabulary of the kind.</summary>
    public static GgufBytes SmallModel(string vocabulary)
    {
        string[] tokens = ["<unk>", "<s>", "</s>", "t", "h", "e", "th", "the", "▁", "Ġ"];
        (string Name, ulong[] Shape)[] tensors =
        [
            ("token_embd", [8, 10]), ("output_norm", [8]), ("blk.0.attn_norm", [8]), ("blk.0.attn_q", [8, 8]), ("blk.0.attn_k", [8, 4]),
                ("blk.0.attn_v", [8, 4]),
            ("blk.0.attn_output", [8, 8]), ("blk.0.ffn_norm", [8]), ("blk.0.ffn_gate", [8, 12]), ("blk.0.ffn_up", [8, 12]),
                ("blk.0.ffn_down", [12, 8]),
        ];
        var bytes = new GgufBytes { Data = new byte[4096] }
            .Key("general.architecture", "llama").Key("llama.block_count", 1u).Key("llama.embedding_length",
                8u).Key("llama.feed_forward_length", 12u)
            .Key("llama.attention.head_count", 2u).Key("llama.attention.head_count_kv", 1u).Key("llama.context_length", 64u)
            .Key("llama.attention.layer_norm_rms_epsilon", 6, BitConverter.GetBytes(1e-5f)).Key("general.sampling.temp", 6,
                BitConverter.GetBytes(0.7f))
            .Key("tokenizer.ggml.model", vocabulary).Key("tokenizer.ggml.pre", "llama-bpe").Key("tokenizer.ggml.tokens", 9, Texts(tokens))
            .Key("tokenizer.ggml.scores", 9, [6, 0, 0, 0, .. BitConverter.GetBytes(10UL), .. tokens.SelectMany((_,
                id) => BitConverter.GetBytes(-(float)id))])
            .Key("tokenizer.ggml.token_type", 9, [5, 0, 0, 0, .. BitConverter.GetBytes(10UL), .. tokens.SelectMany((_,
                id) => BitConverter.GetBytes(id switch { 0 => 2, 1 or 2 => 3, _ => 1 }))])
            .Key("tokenizer.ggml.merges", 9, Texts(["t h", "th e"])).Key("tokenizer.ggml.bos_token_id",
                1u).Key("tokenizer.ggml.eos_token_id", 2u)
            .Key("tokenizer.chat_template", "{{ messages }}");
        var offset = 0UL;
        foreach (var (name, shape) in tensors)
        {
            bytes.Tensor(name + ".weight", 0, offset, shape);
            offset += ((shape.Aggregate(4UL, (product, size) => product * size) + 31) / 32) * 32;
        }
        return bytes;
    }

    /// <summary>A file with a few bytes or numbers of its header changed, left out or put in, or with its end cut off.</summary>
    public static byte[] Mutate(Random random, byte[][] sound)
    {
        List<byte> bytes = [.. sound[random.Next(sound.Length)]];
        var header = bytes.Count - 4096;
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var at = random.Next(4, header);
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: Put(BitConverter.GetBytes(1UL << random.Next(64))); break;
                case 3: Put(BitConverter.GetBytes(uint.MaxValue - (uint)random.Next(3))); break;
                case 4: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
                default:
                    if (random.Next(4) == 0)
                        bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
            header = Math.Min(header, bytes.Count);
            if (header < 5)
                break;

            void Put(byte[] number)
            {
                for (var index = 0; index < number.Length && at + index < bytes.Count; index++)
                    bytes[at + index] = number[index];
            }
        }
        return [.. bytes];
    }

    private static byte[] Texts(string[] texts) => [8, 0, 0, 0, .. BitConverter.GetBytes((ulong)texts.Length), .. texts.SelectMany(Text)];
}
