"""A Llama-architecture language model in numpy float64, written twice from the published description.

Not run by itself; `llama_logits.py` imports it. RMSNorm before each block, grouped-query causal attention with rotary
positions (first half of a head rotated with its second half), SwiGLU, final norm, output projection (the embedding
itself when tied). `hidden_states` treats a whole sequence with matrices; `hidden_states_token_by_token` walks over the
tokens with loops, rotates by complex numbers and keeps keys and values in lists.
"""

import math

import numpy


def rms_norm(x, weight, epsilon):
    return x / numpy.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon) * weight


def head_width(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def as_float64(tensors):
    return {name: tensor.astype(numpy.float64) for name, tensor in tensors.items()}


def rotated(x, theta):
    """x: [length, heads, width]; position p turns the pair (i, i + width/2) by p * theta^(-2i/width)."""
    length, _, width = x.shape
    frequency = theta ** (-2.0 * numpy.arange(width // 2) / width)
    angle = (numpy.arange(length)[:, None] * frequency)[:, None, :]
    first, second = x[..., : width // 2], x[..., width // 2 :]
    return numpy.concatenate([first * numpy.cos(angle) - second * numpy.sin(angle), second * numpy.cos(angle) + first * numpy.sin(angle)], axis=-1)


def attention_weights(query, key):
    """query, key: [length, heads, width] -> [heads, length, length]."""
    scores = numpy.einsum("ihd,jhd->hij", query, key) / math.sqrt(query.shape[-1])
    scores = numpy.where(numpy.tril(numpy.ones(scores.shape[-2:], dtype=bool)), scores, -numpy.inf)
    shares = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def hidden_states(ids, config, weights, adapter=None):
    """The states after the final norm, [length, hidden]. `adapter`: (scale, {module: (A, B)}), applied beside the weights."""
    heads, groups, width = config["num_attention_heads"], config["num_key_value_heads"], head_width(config)

    def linear(x, name):
        y = x @ weights[name + ".weight"].T
        if adapter and name in adapter[1]:
            a, b = adapter[1][name]
            y = y + adapter[0] * ((x @ a.T) @ b.T)
        return y

    x = weights["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        normed = rms_norm(x, weights[at + "input_layernorm.weight"], config["rms_norm_eps"])
        query = rotated(linear(normed, at + "self_attn.q_proj").reshape(len(ids), heads, width), config["rope_theta"])
        key = rotated(linear(normed, at + "self_attn.k_proj").reshape(len(ids), groups, width), config["rope_theta"])
        value = linear(normed, at + "self_attn.v_proj").reshape(len(ids), groups, width)
        key, value = key.repeat(heads // groups, axis=1), value.repeat(heads // groups, axis=1)
        mixed = numpy.einsum("hij,jhd->ihd", attention_weights(query, key), value)
        x = x + linear(mixed.reshape(len(ids), heads * width), at + "self_attn.o_proj")
        normed = rms_norm(x, weights[at + "post_attention_layernorm.weight"], config["rms_norm_eps"])
        gate = linear(normed, at + "mlp.gate_proj")
        x = x + linear(gate / (1 + numpy.exp(-gate)) * linear(normed, at + "mlp.up_proj"), at + "mlp.down_proj")
    return rms_norm(x, weights["model.norm.weight"], config["rms_norm_eps"])


def logits_of(hidden, config, weights):
    name = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return hidden @ weights[name].T


def hidden_states_token_by_token(ids, config, weights):
    heads, groups, width = config["num_attention_heads"], config["num_key_value_heads"], head_width(config)
    half, hidden = width // 2, config["hidden_size"]

    def norm(x, name):
        scale = 1 / math.sqrt(sum(value * value for value in x) / hidden + config["rms_norm_eps"])
        return numpy.array([value * scale * weight for value, weight in zip(x, weights[name + ".weight"])])

    def turned(x, head, position):
        pairs = [complex(x[head * width + i], x[head * width + half + i]) for i in range(half)]
        pairs = [pair * complex(math.cos(a), math.sin(a)) for i, pair in enumerate(pairs) for a in [position / config["rope_theta"] ** (2 * i / width)]]
        return numpy.array([pair.real for pair in pairs] + [pair.imag for pair in pairs])

    keys = [[[] for _ in range(groups)] for _ in range(config["num_hidden_layers"])]
    values = [[[] for _ in range(groups)] for _ in range(config["num_hidden_layers"])]
    states = []
    for position, token in enumerate(ids):
        x = weights["model.embed_tokens.weight"][token]
        for layer in range(config["num_hidden_layers"]):
            at = f"model.layers.{layer}."
            normed = norm(x, at + "input_layernorm")
            query, key, value = (weights[f"{at}self_attn.{name}_proj.weight"] @ normed for name in "qkv")
            for group in range(groups):
                keys[layer][group].append(turned(key, group, position))
                values[layer][group].append(value[group * width : (group + 1) * width])
            mixed = []
            for head in range(heads):
                group = head * groups // heads
                turned_query = turned(query, head, position)
                shares = [math.exp(float(turned_query @ seen) / math.sqrt(width)) for seen in keys[layer][group]]
                mixed.append(sum(share / sum(shares) * seen for share, seen in zip(shares, values[layer][group])))
            x = x + weights[at + "self_attn.o_proj.weight"] @ numpy.concatenate(mixed)
            normed = norm(x, at + "post_attention_layernorm")
            gate, up = weights[at + "mlp.gate_proj.weight"] @ normed, weights[at + "mlp.up_proj.weight"] @ normed
            inner = numpy.array([g * u / (1 + math.exp(-g)) for g, u in zip(gate, up)])
            x = x + weights[at + "mlp.down_proj.weight"] @ inner
        states.append(norm(x, "model.norm"))
    return numpy.array(states)
