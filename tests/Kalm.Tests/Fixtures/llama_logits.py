"""Two tiny random Llama checkpoints, a LoRA adapter for one of them, and what they compute.
Writes llama_tiny/ (grouped queries, tied embeddings), llama_untied/ (explicit head_dim, separate lm_head), lora_tiny/
(gate, up and down projections, rank 4, alpha 8, for llama_tiny) and llama_logits.json: logits and final-norm states of a
few sequences, and the unit embeddings at the last token of prefix + branch, each encoded by itself. Stored weights are
float32; everything is computed from them in float64, by two implementations that must agree. Rerun: `python3 llama_logits.py`.
"""

import numpy

from fixture_files import read_safetensors, write_json, write_safetensors
from llama_model import as_float64, hidden_states, hidden_states_token_by_token, logits_of

VOCABULARY = 60
RANK, ALPHA = 4, 8
ADAPTED = ("gate_proj", "up_proj", "down_proj")


def config(hidden, feed_forward, heads, key_value_heads, tied, theta, **more):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": hidden, "intermediate_size": feed_forward, "num_hidden_layers": 2,
        "num_attention_heads": heads, "num_key_value_heads": key_value_heads, **more,
        "vocab_size": VOCABULARY, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
        "rope_theta": theta, "rope_scaling": None, "tie_word_embeddings": tied,
        "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
    }


CONFIGS = {
    "llama_tiny": config(32, 48, 4, 2, True, 10000.0, head_dim=8),
    "llama_untied": config(48, 64, 4, 4, False, 500000.0, head_dim=16),
}


def random_weights(shape_of, seed):
    random = numpy.random.default_rng(seed)
    attention, keys = shape_of["num_attention_heads"] * shape_of["head_dim"], shape_of["num_key_value_heads"] * shape_of["head_dim"]
    hidden, inner = shape_of["hidden_size"], shape_of["intermediate_size"]
    shapes = {"model.embed_tokens": (VOCABULARY, hidden), "model.norm": (hidden,)}
    for layer in range(shape_of["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        shapes |= {
            at + "input_layernorm": (hidden,), at + "post_attention_layernorm": (hidden,),
            at + "self_attn.q_proj": (attention, hidden), at + "self_attn.k_proj": (keys, hidden),
            at + "self_attn.v_proj": (keys, hidden), at + "self_attn.o_proj": (hidden, attention),
            at + "mlp.gate_proj": (inner, hidden), at + "mlp.up_proj": (inner, hidden), at + "mlp.down_proj": (hidden, inner),
        }
    if not shape_of["tie_word_embeddings"]:
        shapes["lm_head"] = (VOCABULARY, hidden)
    return {name + ".weight": (0.2 * random.standard_normal(shape) + (1.0 if len(shape) == 1 else 0.0)).astype(numpy.float32)
            for name, shape in shapes.items()}


def write_adapter(base):
    random = numpy.random.default_rng(33)
    tensors = {}
    for name, weight in base.items():
        module = name.removesuffix(".weight")
        if module.split(".")[-1] in ADAPTED:
            rows, columns = weight.shape
            tensors[f"base_model.model.{module}.lora_A.weight"] = (0.2 * random.standard_normal((RANK, columns))).astype(numpy.float32)
            tensors[f"base_model.model.{module}.lora_B.weight"] = (0.2 * random.standard_normal((rows, RANK))).astype(numpy.float32)
    write_safetensors("lora_tiny/adapter_model.safetensors", tensors)
    write_json("lora_tiny/adapter_config.json", {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "llama_tiny", "r": RANK, "lora_alpha": ALPHA,
        "lora_dropout": 0.05, "target_modules": list(ADAPTED), "bias": "none", "use_rslora": False, "use_dora": False,
        "fan_in_fan_out": False, "init_lora_weights": True, "modules_to_save": None, "rank_pattern": {}, "alpha_pattern": {},
        "layers_to_transform": None, "layers_pattern": None, "revision": None, "inference_mode": True,
    })


def read_adapter():
    tensors = as_float64(read_safetensors("lora_tiny/adapter_model.safetensors"))
    modules = sorted({name.removeprefix("base_model.model.").rsplit(".lora_", 1)[0] for name in tensors})
    return ALPHA / RANK, {module: tuple(tensors[f"base_model.model.{module}.lora_{part}.weight"] for part in "AB") for module in modules}


def merged(weights, adapter):
    scale, modules = adapter
    return weights | {module + ".weight": weights[module + ".weight"] + scale * (b @ a) for module, (a, b) in modules.items()}


def assert_close(expected, actual, what):
    assert numpy.abs(expected - actual).max() < 1e-11, (what, numpy.abs(expected - actual).max())


def sequences(seed):
    random = numpy.random.default_rng(seed)
    return [random.integers(0, VOCABULARY, length).tolist() for length in (1, 5, 17)]


def results(ids_of_all, settings, weights, adapter=None):
    written = []
    for ids in ids_of_all:
        hidden = hidden_states(ids, settings, weights, adapter)
        assert_close(hidden, hidden_states_token_by_token(ids, settings, merged(weights, adapter) if adapter else weights), "two implementations")
        written.append({"ids": ids, "logits": logits_of(hidden, settings, weights), "hidden": hidden})
    return written


def tree(settings, weights, seed, adapter=None):
    """A prefix and its branches; the embedding of a branch is the unit state at its last id, prefix + branch encoded alone."""
    random = numpy.random.default_rng(seed)
    prefix = random.integers(0, VOCABULARY, 7).tolist()
    branches = [random.integers(0, VOCABULARY, length).tolist() for length in (1, 4, 3, 1, 6)]
    branches.append(branches[1][:2] + [5])  # shares its beginning with another branch
    embeddings = [hidden_states(prefix + branch, settings, weights, adapter)[-1] for branch in branches]
    return {"prefix": prefix, "branches": branches, "embeddings": [state / numpy.linalg.norm(state) for state in embeddings]}


def assert_attention_matters(settings, weights):
    ids = sequences(1)[2]
    swapped = [ids[1], ids[0]] + ids[2:]
    change = numpy.abs(hidden_states(ids, settings, weights)[-1] - hidden_states(swapped, settings, weights)[-1]).max()
    assert change > 1e-2, change


if __name__ == "__main__":
    models = []
    for seed, (name, settings) in enumerate(CONFIGS.items(), start=11):
        write_json(f"{name}/config.json", settings)
        write_safetensors(f"{name}/model.safetensors", random_weights(settings, seed))
        weights = as_float64(read_safetensors(f"{name}/model.safetensors"))
        assert_attention_matters(settings, weights)
        models.append({"model": name, "adapter": None, "sequences": results(sequences(seed + 10), settings, weights), "tree": tree(settings, weights, seed + 20)})
    settings, weights = CONFIGS["llama_tiny"], as_float64(read_safetensors("llama_tiny/model.safetensors"))
    write_adapter(weights)
    adapter = read_adapter()
    adapted = results(sequences(21), settings, weights, adapter)
    assert numpy.abs(adapted[2]["logits"] - models[0]["sequences"][2]["logits"]).max() > 0.1, "the adapter must show"
    models.append({"model": "llama_tiny", "adapter": "lora_tiny", "sequences": adapted, "tree": tree(settings, weights, 31, adapter)})
    write_json("llama_logits.json", {"models": models})
