"""Tiny random checkpoints of every supported architecture in the layout of the real ones, and what they compute.
Writes architectures/NAME/ (config.json, the weights as BF16 or F16 in two shards with their index, a LoRA adapter), and
architectures.json: logits of texts longer than the sliding window and than the context before scaling, and unit
embeddings at the last token of prefix + branch, each encoded by itself. All is computed in float64 from the values as
stored. Rerun: `python3 architectures.py`.
"""

import numpy
import torch

import llama_model
from decoder_model import hidden_states, logits_of
from fixture_files import read_safetensors, read_shards, write_json, write_safetensors, write_shards

VOCABULARY, HIDDEN, INNER = 64, 24, 32
LONG = 48
RANK, ALPHA = 2, 4
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def common(name, class_name, tied, **more):
    return {
        "architectures": [class_name], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "hidden_size": HIDDEN, "initializer_range": 0.02, "intermediate_size": INNER, "max_position_embeddings": 256, "model_type": name,
        "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "tie_word_embeddings": tied,
        "use_cache": True, "vocab_size": VOCABULARY, **more,
    }


# The fields are those of, in this order: Llama 3.2, an old Llama with all biases, Mistral, Qwen 2.5, a Qwen 2 that uses
# its window, Qwen 3 as newer versions of the transformers library save it, and the same with windows by layer.
CONFIGS = {
    "llama3": ("BF16", common(
        "llama", "LlamaForCausalLM", True, attention_bias=False, head_dim=8, mlp_bias=False, pretraining_tp=1, rope_theta=500000.0,
        rope_scaling={"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 32, "rope_type": "llama3"},
        torch_dtype="bfloat16", transformers_version="4.45.0")),
    "llama_biased": ("F16", common(
        "llama", "LlamaForCausalLM", False, attention_bias=True, mlp_bias=True, pretraining_tp=1, rope_theta=10000.0,
        rope_scaling={"type": "linear", "factor": 2.5}, torch_dtype="float16", transformers_version="4.41.0")),
    "mistral": ("BF16", common(
        "mistral", "MistralForCausalLM", False, head_dim=12, rope_theta=1000000.0, sliding_window=6, torch_dtype="bfloat16",
        transformers_version="4.42.0")),
    "qwen2": ("F16", common(
        "qwen2", "Qwen2ForCausalLM", True, rope_theta=1000000.0, sliding_window=32, use_sliding_window=False, max_window_layers=1,
        torch_dtype="float16", transformers_version="4.43.1")),
    "qwen2_window": ("BF16", common(
        "qwen2", "Qwen2ForCausalLM", False, rope_theta=1000000.0, sliding_window=5, use_sliding_window=True, max_window_layers=1,
        torch_dtype="bfloat16", transformers_version="4.43.1")),
    "qwen3": ("BF16", common(
        "qwen3", "Qwen3ForCausalLM", True, attention_bias=False, head_dim=16, rope_parameters={"rope_theta": 1000000, "rope_type": "default"},
        layer_types=["full_attention", "full_attention"], max_window_layers=2, sliding_window=None, use_sliding_window=False,
        dtype="bfloat16", transformers_version="5.0.0")),
    "qwen3_window": ("F16", common(
        "qwen3", "Qwen3ForCausalLM", False, attention_bias=True, head_dim=16, rope_parameters={"rope_theta": 1000000, "rope_type": "default"},
        layer_types=["sliding_attention", "full_attention"], max_window_layers=2, sliding_window=7, use_sliding_window=True,
        dtype="float16", transformers_version="5.0.0")),
}


def shapes(config):
    width = config.get("head_dim") or HIDDEN // config["num_attention_heads"]
    queries, keys = config["num_attention_heads"] * width, config["num_key_value_heads"] * width
    attention = {"q_proj": (queries, HIDDEN), "k_proj": (keys, HIDDEN), "v_proj": (keys, HIDDEN), "o_proj": (HIDDEN, queries)}
    feed_forward = {"gate_proj": (INNER, HIDDEN), "up_proj": (INNER, HIDDEN), "down_proj": (HIDDEN, INNER)}
    of = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN), "model.norm.weight": (HIDDEN,)}
    if not config["tie_word_embeddings"]:
        of["lm_head.weight"] = (VOCABULARY, HIDDEN)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        of |= {at + "input_layernorm.weight": (HIDDEN,), at + "post_attention_layernorm.weight": (HIDDEN,)}
        of |= {f"{at}self_attn.{name}.weight": shape for name, shape in attention.items()}
        of |= {f"{at}mlp.{name}.weight": shape for name, shape in feed_forward.items()}
        biased = "qkv" if config["model_type"] == "qwen2" else "qkvo" if config.get("attention_bias") else ""
        of |= {f"{at}self_attn.{name}_proj.bias": attention[name + "_proj"][:1] for name in biased}
        if config.get("mlp_bias"):
            of |= {f"{at}mlp.{name}.bias": shape[:1] for name, shape in feed_forward.items()}
        if config["model_type"] == "qwen3":
            of |= {f"{at}self_attn.{name}_norm.weight": (width,) for name in "qk"}
    return of


def random_tensors(of, seed):
    random = numpy.random.default_rng(seed)
    def one(name, shape):
        centre = 1.0 if "norm" in name else 0.0
        return (centre + (0.4 if len(shape) == 1 else 0.25) * random.standard_normal(shape)).astype(numpy.float32)
    return {name: one(name, shape) for name, shape in of.items()}


def as_float64(tensors):
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in tensors.items()}


def write_adapter(name, of, seed):
    adapted = {}
    for key, shape in of.items():
        module = key.removesuffix(".weight")
        if module.split(".")[-1] in PROJECTIONS and len(shape) == 2:
            adapted[f"base_model.model.{module}.lora_A.weight"] = (RANK, shape[1])
            adapted[f"base_model.model.{module}.lora_B.weight"] = (shape[0], RANK)
    folder = f"architectures/{name}/adapter/"
    write_safetensors(folder + "adapter_model.safetensors", random_tensors(adapted, seed), "F16")
    write_json(folder + "adapter_config.json", {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": name, "r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.0,
        "target_modules": list(PROJECTIONS), "bias": "none", "inference_mode": True,
    })
    tensors = as_float64(read_safetensors(folder + "adapter_model.safetensors"))
    modules = {key.removeprefix("base_model.model.").rsplit(".lora_", 1)[0] for key in tensors}
    return ALPHA / RANK, {module: tuple(tensors[f"base_model.model.{module}.lora_{part}.weight"] for part in "AB") for module in modules}


def rounded(values):
    return numpy.round(numpy.asarray(values, dtype=float), 7)


def sequence(ids, config, weights, adapter=None):
    """The logits of some positions of a text: the first, the last, and every sixth between."""
    at = sorted({*range(0, len(ids), 6), len(ids) - 1})
    return {"ids": ids, "at": at, "logits": rounded(logits_of(hidden_states(ids, config, weights, adapter), config, weights)[at])}


def tree(config, weights, seed):
    """A prefix longer than any window and its branches; the embedding of a branch is the unit state at its last id."""
    random = numpy.random.default_rng(seed)
    prefix, *branches = [random.integers(0, VOCABULARY, length).tolist() for length in (11, 1, 9, 3, 14)]
    states = [hidden_states(prefix + branch, config, weights)[-1] for branch in branches]
    return {"prefix": prefix, "branches": branches, "embeddings": [rounded(state / state.norm()) for state in states]}


def assert_every_difference_shows(config, weights, ids):
    """Leaving any of the architecture's own parts out must change the logits by far more than the tests allow."""
    expected = hidden_states(ids, config, weights)
    variants = {"no window": (config | {"sliding_window": None}, weights)} if config.get("use_sliding_window", config.get("sliding_window")) else {}
    if config.get("rope_scaling"):
        variants["no scaling"] = (config | {"rope_scaling": None}, weights)
    for part in ("q_proj.bias", "k_norm.weight", "o_proj.bias", "down_proj.bias"):
        if any(name.endswith(part) for name in weights):
            variants["no " + part] = (config, {name: value for name, value in weights.items() if not name.endswith(part)})
    for what, (other, tensors) in variants.items():
        change = (hidden_states(ids, other, tensors) - expected).abs().max()
        assert change > 0.05, (config["model_type"], what, change)


def check_with_llama_model(config, weights, ids):
    plain = config | {"rope_theta": 10000.0, "rope_scaling": None, "rope_parameters": None, "sliding_window": None}
    kept = {name: value for name, value in weights.items() if not name.endswith(".bias") and "q_norm" not in name and "k_norm" not in name}
    other = llama_model.hidden_states(ids, plain, {name: value.numpy() for name, value in kept.items()})
    assert numpy.abs(hidden_states(ids, plain, kept).numpy() - other).max() < 1e-11, config["model_type"]


if __name__ == "__main__":
    models = []
    for seed, (name, (dtype, config)) in enumerate(CONFIGS.items(), start=101):
        write_json(f"architectures/{name}/config.json", config)
        write_shards(f"architectures/{name}", random_tensors(shapes(config), seed), dtype)
        weights = as_float64(read_shards(f"architectures/{name}"))
        adapter = write_adapter(name, shapes(config), seed + 10)
        random = numpy.random.default_rng(seed + 20)
        short, long = [random.integers(0, VOCABULARY, length).tolist() for length in (1, LONG)]
        check_with_llama_model(config, weights, long)
        assert_every_difference_shows(config, weights, long)
        models.append({
            "model": name, "sequences": [sequence(short, config, weights), sequence(long, config, weights)],
            "adapted": sequence(long, config, weights, adapter), "tree": tree(config, weights, seed + 30),
        })
    write_json("architectures.json", {"models": models})
