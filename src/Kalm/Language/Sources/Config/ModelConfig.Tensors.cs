namespace Kalm.Language.Sources.Config;

/// <summary>The tensors of a model and their names.</summary>
public sealed partial record ModelConfig
{
    private const string LayerModule = "model.layers.0.";
    private const string Attention = "self_attn.";
    private const string Output = "self_attn.o_proj";
    private const string FeedForward = "mlp.";

    /// <summary>What may stand before the names in a checkpoint, the usual first: nothing more, the body's names bare (a body saved
    /// alone), or
    /// a text part within a model for more than text.</summary>
    public IReadOnlyList<NamePrefix> NamePrefixes =>
    [
        new(Architecture.Spelling.BodyPrefix, ""), new("", ""),
        new("language_model.model.", "language_model."), new("model.language_model.", ""),
        new("model.language_model.model.", "model.language_model."), new("language_model.", ""),
        new("model.text_model.", ""), new("text_model.model.", "text_model."),
    ];

    /// <summary>Whether a module of a layer, for example <c>self_attn.q_proj</c>, has a bias.</summary>
    public bool HasBias(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (!module.EndsWith("_proj", StringComparison.Ordinal))
            return Architecture.HasNormBias;
        return Architecture.BiasedModules.Contains(module)
            || (AttentionBias && module.StartsWith(Attention, StringComparison.Ordinal)
                && (module != Output || Architecture.AttentionBiasReachesOutput))
            || (OutputBias && module == Output)
            || (MlpBias && module.StartsWith(FeedForward, StringComparison.Ordinal));
    }

    /// <summary>The name that a Hugging Face checkpoint of this architecture has for a tensor or module that we know by the canonical
    /// name, which is
    /// Llama's where Llama has one.</summary>
    public string CheckpointName(string canonical) => Architecture.Spelling.ToCheckpoint(canonical);

    /// <summary>The same in a checkpoint whose names begin with something else.</summary>
    public string CheckpointName(string canonical, NamePrefix prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var name = CheckpointName(canonical);
        var body = Architecture.Spelling.BodyPrefix;
        return name.StartsWith(body, StringComparison.Ordinal) ? prefix.Body + name[body.Length..] : prefix.Head + name;
    }

    /// <summary>The canonical name of a tensor or module that a Hugging Face checkpoint of this architecture has by
    /// <paramref name="checkpoint"/>.</summary>
    public string CanonicalName(string checkpoint) => Architecture.Spelling.ToCanonical(checkpoint);

    /// <summary>The modules of a layer that multiply by a matrix, by their canonical names, in the order of the computation.</summary>
    public IEnumerable<string> Projections => Modules().Where(module => module.Shape.Length == 2).Select(module => module.Name);

    /// <summary>The ends of the checkpoint's names of the modules that do what Llama's modules of some names do: an adapter's
    /// targets.</summary>
    /// <param name="targets">Names of Llama's (<c>q_proj</c>), or of this model's own, which stay.</param>
    public IReadOnlyList<string> TargetNames(IReadOnlyList<string> targets)
    {
        var names = Projections.ToDictionary(module => module, module => CheckpointName(LayerModule + module).Split('.')[^1]);
        return [.. targets.SelectMany(Names).Distinct()];

        IEnumerable<string> Names(string target)
        {
            if (names.ContainsValue(target))
                return [target];
            var module = target switch
            {
                "q_proj" or "k_proj" or "v_proj" => HasModule(Attention + target) ? Attention + target : Attention + "qkv_proj",
                "o_proj" => Output,
                "gate_proj" or "up_proj" => HasModule(FeedForward + "gate_up_proj") ? FeedForward + "gate_up_proj" : FeedForward + target,
                "down_proj" => FeedForward + target,
                _ => target,
            };
            // A model without a gate has none to adapt.
            return names.TryGetValue(module, out var name) ? [name] : target == "gate_proj" ? [] : [target];
        }
    }

    /// <summary>Whether a layer has a module of this canonical name.</summary>
    public bool HasModule(string module) => Modules().Any(present => present.Name == module);

    /// <summary>Every tensor that a checkpoint of this model holds, by its canonical name, in the order of the computation; matrices are
    /// [outputs, inputs].</summary>
    public IEnumerable<(string Name, long[] Shape)> TensorShapes()
    {
        yield return ("model.embed_tokens.weight", [VocabularySize, HiddenSize]);
        for (var layer = 0; layer < LayerCount; layer++)
            foreach (var (module, shape) in Modules())
            {
                yield return ($"model.layers.{layer}.{module}.weight", shape);
                if (HasBias(module))
                    yield return ($"model.layers.{layer}.{module}.bias", [shape[0]]);
            }
        yield return ("model.norm.weight", [HiddenSize]);
        if (Architecture.HasNormBias)
            yield return ("model.norm.bias", [HiddenSize]);
        if (!TieWordEmbeddings)
            yield return ("lm_head.weight", [VocabularySize, HiddenSize]);
    }

    private IEnumerable<(string Name, long[] Shape)> Modules()
    {
        var queryWidth = (long)HeadCount * HeadDimension;
        var keyWidth = (long)KeyValueHeadCount * HeadDimension;
        var (before, after) = (Architecture.NormPlacement != NormPlacement.After, Architecture.NormPlacement != NormPlacement.Before);
        if (before)
            yield return ("input_layernorm", [HiddenSize]);
        if (Architecture.Projections == QueryKeyValueLayout.Separate)
        {
            yield return ("self_attn.q_proj", [queryWidth, HiddenSize]);
            yield return ("self_attn.k_proj", [keyWidth, HiddenSize]);
            yield return ("self_attn.v_proj", [keyWidth, HiddenSize]);
        }
        else
            yield return ("self_attn.qkv_proj", [queryWidth + 2 * keyWidth, HiddenSize]);
        if (Architecture.NormalisesHeads)
        {
            var isWhole = Architecture.HeadNorms == HeadNormRule.WholeWidth;
            yield return ("self_attn.q_norm", [isWhole ? queryWidth : HeadDimension]);
            yield return ("self_attn.k_norm", [isWhole ? keyWidth : HeadDimension]);
        }
        yield return ("self_attn.o_proj", [HiddenSize, queryWidth]);
        if (after)
            yield return ("attention_output_norm", [HiddenSize]);
        if (before && !(IsParallel && Architecture.SharesParallelNorm))
            yield return ("post_attention_layernorm", [HiddenSize]);
        if (Architecture.FusesGate)
            yield return ("mlp.gate_up_proj", [2L * IntermediateSize, HiddenSize]);
        else
        {
            if (Architecture.HasGate)
                yield return ("mlp.gate_proj", [IntermediateSize, HiddenSize]);
            yield return ("mlp.up_proj", [IntermediateSize, HiddenSize]);
        }
        yield return ("mlp.down_proj", [HiddenSize, IntermediateSize]);
        if (after)
            yield return ("mlp_output_norm", [HiddenSize]);
    }
}
