using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>What llama.cpp calls the tensors of an architecture, and how they differ from those of the Hugging Face checkpoint. Import and
/// export take it from here.</summary>
internal sealed record GgufNames
{
    // Modules of the model, then of a layer: our name, which is Llama's where Llama has one, and llama.cpp's.
    private static readonly (string Ours, string Theirs)[] Common =
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("input_layernorm", "attn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.qkv_proj", "attn_qkv"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("attention_output_norm", "post_attention_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("mlp_output_norm", "post_ffw_norm"),
    ];

    private static readonly GgufNames Llama = new() { Architecture = "llama", ModelTypes = ["llama", "mistral"], PairsNeighbours = true };

    private static readonly GgufNames[] Known =
    [
        Llama,
        Llama with { Architecture = "mistral3", ModelTypes = ["ministral3"] },
        Llama with { Architecture = "smollm3", ModelTypes = ["smollm3"] },
        Llama with { Architecture = "granite", ModelTypes = ["granite"] },
        Of("qwen2"),
        Of("qwen3"),
        Of("gemma") with { NormsIncludeOne = true },
        Of("gemma2") with { NormsIncludeOne = true },
        Of("gemma3", "gemma3_text") with { NormsIncludeOne = true },
        Of("ernie4_5"),
        // Where one name stands for two, the second has a window.
        Of("olmo2", "olmo2", "olmo3"),
        Of("exaone4"),
        Of("cohere2"),
        Of("starcoder2"),
        Of("stablelm"),
        Of("hunyuan-dense", "hunyuan_v1_dense"),
        // There the norm before the feed-forward block has the name that others give the one after attention.
        Of("seed_oss") with { Own = [("post_attention_layernorm", "post_attention_norm")] },
        // Gate and up are one matrix.
        Of("phi3") with { Own = [("mlp.gate_up_proj", "ffn_up")] },
        Of("glm4") with { Own = [("mlp.gate_up_proj", "ffn_up")] },
        Of("gptneox", "gpt_neox") with { GroupsByKind = true },
    ];

    private readonly Dictionary<string, string> theirs = [];
    private readonly Dictionary<string, string> ours = [];

    /// <summary>The name in <c>general.architecture</c> and before the keys.</summary>
    public required string Architecture { get; init; }

    /// <summary>The values of <c>model_type</c> that it stands for, the plainest first.</summary>
    public required IReadOnlyList<string> ModelTypes { get; init; }

    /// <summary>Whether rotary positions turn neighbouring rows of a head there: 2i with 2i + 1, where the checkpoint has the first half
    /// with the
    /// second.</summary>
    public bool PairsNeighbours { get; init; }

    /// <summary>Whether norms are stored with the 1 that is added to them.</summary>
    public bool NormsIncludeOne { get; init; }

    /// <summary>Whether all queries come first in the fused projection, then keys, then values; the checkpoint has the three of a head
    /// together.</summary>
    public bool GroupsByKind { get; init; }

    private (string Ours, string Theirs)[] Own
    {
        init
        {
            foreach (var (own, their) in value)
            {
                ours.Remove(theirs.GetValueOrDefault(own, ""));
                theirs[own] = their;
                ours[their] = own;
            }
        }
    }

    /// <summary>The architectures that are known, for messages.</summary>
    public static string Supported => string.Join(", ", Known.Select(names => names.Architecture));

    private GgufNames()
    {
        foreach (var (own, their) in Common)
        {
            theirs[own] = their;
            ours[their] = own;
        }
    }

    private GgufNames(GgufNames other)
    {
        (Architecture, ModelTypes) = (other.Architecture, other.ModelTypes);
        (PairsNeighbours, NormsIncludeOne, GroupsByKind) = (other.PairsNeighbours, other.NormsIncludeOne, other.GroupsByKind);
        (theirs, ours) = (new(other.theirs), new(other.ours));
    }

    /// <summary>The names of a <c>general.architecture</c>; null when it is not known.</summary>
    public static GgufNames? OfFile(string? architecture) => Known.FirstOrDefault(names => names.Architecture == architecture);

    /// <summary>The names for a <c>model_type</c>; null when llama.cpp has no such architecture.</summary>
    public static GgufNames? OfModel(string modelType) => Known.FirstOrDefault(names => names.ModelTypes.Contains(modelType));

    /// <summary>llama.cpp's name for a tensor of the checkpoint; null when it has none.</summary>
    public string? ToFile(string name)
    {
        var (module, end) = Split(name);
        if (!module.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal))
            return theirs.TryGetValue(module, out var found) ? found + end : null;
        var rest = module[TensorNames.LayerPrefix.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && theirs.TryGetValue(rest[(dot + 1)..], out var inLayer) ? $"blk.{rest[..dot]}.{inLayer}{end}" : null;
    }

    /// <summary>The checkpoint's name for a tensor of the file; null for one that is none of a model's weights.</summary>
    public string? ToModel(string name)
    {
        const string Layer = "blk.";
        var (module, end) = Split(name);
        if (!module.StartsWith(Layer, StringComparison.Ordinal))
            return ours.TryGetValue(module, out var found) ? found + end : null;
        var rest = module[Layer.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && ours.TryGetValue(rest[(dot + 1)..], out var inLayer) ? $"{TensorNames.LayerPrefix}{rest[..dot]}.{inLayer}{end}"
            : null;
    }

    private static GgufNames Of(string architecture, params string[] modelTypes) =>
        new() { Architecture = architecture, ModelTypes = modelTypes.Length == 0 ? [architecture] : modelTypes };

    private static (string Module, string End) Split(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 ? (name, "") : (name[..dot], name[dot..]);
    }
}
