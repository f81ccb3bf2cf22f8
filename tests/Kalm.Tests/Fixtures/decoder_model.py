"""The language models of all supported architectures in torch float64, from their published descriptions.

Not run by itself; `architectures.py` imports it. One forward pass for one sequence, with what sets the architectures
apart read from config.json: biases, norms of query and key heads, sliding windows, scaled rotary frequencies. Rotations
are complex multiplications; attention goes head by head with an explicit mask. Nothing is shared with llama_model.py,
which must agree where both know the architecture.
"""

import math

import torch


def rope_settings(config):
    inner = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return inner.get("rope_theta", config.get("rope_theta")), inner


def frequencies(config):
    """Radians a position, one for each pair of a head."""
    theta, scaling = rope_settings(config)
    width = head_width(config)
    plain = [theta ** (-2 * pair / width) for pair in range(width // 2)]
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        return [f / scaling["factor"] for f in plain]
    return [llama3_frequency(f, scaling) for f in plain] if kind == "llama3" else plain


def llama3_frequency(f, scaling):
    turns = scaling["original_max_position_embeddings"] * f / (2 * math.pi)  # within the original context
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    share = min(1.0, max(0.0, (turns - low) / (high - low)))
    return share * f + (1 - share) * f / scaling["factor"]


def head_width(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def window_of(layer, config):
    """How many positions back a token sees, itself included; None for all."""
    if config["model_type"] == "llama" or config.get("sliding_window") is None:
        return None
    if "layer_types" in config:
        return config["sliding_window"] if config["layer_types"][layer] == "sliding_attention" else None
    if config["model_type"] == "mistral":
        return config["sliding_window"]
    return config["sliding_window"] if config["use_sliding_window"] and layer >= config["max_window_layers"] else None


def may_see(length, window):
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    return (distance >= 0) & (distance < (window or length))


def rms_norm(x, weight, epsilon):
    return weight * x / x.pow(2).mean(-1, keepdim=True).add(epsilon).sqrt()


def hidden_states(ids, config, weights, adapter=None):
    """The states after the final norm, [length, hidden]. `adapter`: (scale, {module: (A, B)}), added to the weights."""
    width, epsilon = head_width(config), config["rms_norm_eps"]
    length, groups = len(ids), config["num_key_value_heads"]
    turning = torch.polar(torch.ones(1, dtype=torch.float64), torch.outer(torch.arange(length, dtype=torch.float64), torch.tensor(frequencies(config), dtype=torch.float64)))

    def linear(x, name):
        weight = weights[name + ".weight"]
        if adapter and name in adapter[1]:
            down, up = adapter[1][name]
            weight = weight + adapter[0] * up @ down
        return torch.nn.functional.linear(x, weight, weights.get(name + ".bias"))

    def heads(x, name, norm):
        parts = linear(x, name).split(width, dim=-1)
        return [rms_norm(part, weights[norm], epsilon) for part in parts] if norm in weights else list(parts)

    def turned(x):
        pairs = torch.complex(x[:, : width // 2], x[:, width // 2 :]) * turning
        return torch.cat([pairs.real, pairs.imag], dim=-1)

    x = weights["model.embed_tokens.weight"][torch.tensor(ids)]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        normed = rms_norm(x, weights[at + "input_layernorm.weight"], epsilon)
        queries = [turned(head) for head in heads(normed, at + "self_attn.q_proj", at + "self_attn.q_norm.weight")]
        keys = [turned(head) for head in heads(normed, at + "self_attn.k_proj", at + "self_attn.k_norm.weight")]
        values = heads(normed, at + "self_attn.v_proj", None)
        hidden = ~may_see(length, window_of(layer, config))
        mixed = []
        for index, query in enumerate(queries):
            group = index // (len(queries) // groups)
            scores = (query @ keys[group].T / math.sqrt(width)).masked_fill(hidden, -math.inf)
            mixed.append(scores.softmax(-1) @ values[group])
        x = x + linear(torch.cat(mixed, -1), at + "self_attn.o_proj")
        normed = rms_norm(x, weights[at + "post_attention_layernorm.weight"], epsilon)
        gated = torch.nn.functional.silu(linear(normed, at + "mlp.gate_proj")) * linear(normed, at + "mlp.up_proj")
        x = x + linear(gated, at + "mlp.down_proj")
    return rms_norm(x, weights["model.norm.weight"], epsilon)


def logits_of(hidden, config, weights):
    return hidden @ weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"].T
