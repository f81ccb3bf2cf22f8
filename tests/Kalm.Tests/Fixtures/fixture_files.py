"""Reads and writes the files of the fixtures: JSON with the innermost lists on one line, and safetensors.

Not run by itself; the scripts beside it import it. Floats are written with `repr`, so that a float64 survives exactly.
"""

import json
import struct
import sys
from pathlib import Path

import numpy

sys.dont_write_bytecode = True
FOLDER = Path(__file__).resolve().parent


def plain(value):
    """Numpy values, at any depth, as Python's own."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if isinstance(value, numpy.generic):
        return value.item()
    return value


def as_text(value, indent=""):
    inner = indent + " "
    if isinstance(value, dict) and value:
        items = [f"{inner}{json.dumps(name)}: {as_text(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        return "[\n" + ",\n".join(inner + as_text(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_json(name, value):
    text = as_text(plain(value)) + "\n"
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    assert json.loads(text) == plain(value), "floats must survive being written"
    assert "/" in name or len(text) < 300_000, f"{name}: {len(text)} bytes"
    print(f"{name}: {len(text)} bytes")


def to_bytes(tensor, dtype):
    """The little-endian bytes of a float32 array stored as F32, F16 or BF16, rounded to nearest, ties to even."""
    assert tensor.dtype == numpy.float32
    if dtype == "F32":
        return tensor.astype("<f4").tobytes(order="C")
    if dtype == "F16":
        return tensor.astype("<f2").tobytes(order="C")
    bits = numpy.ascontiguousarray(tensor).view(numpy.uint32).astype(numpy.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes(order="C")


def from_bytes(raw, dtype):
    if dtype == "BF16":
        return (numpy.frombuffer(raw, dtype="<u2").astype(numpy.uint32) << 16).view(numpy.float32)
    return numpy.frombuffer(raw, dtype={"F32": "<f4", "F16": "<f2"}[dtype]).astype(numpy.float32)


def write_safetensors(name, tensors, dtype="F32"):
    """All tensors are float32 and stored as `dtype`: sorted by name, header padded with spaces to a multiple of 8."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for tensor_name in sorted(tensors):
        tensor = tensors[tensor_name]
        raw = to_bytes(tensor, dtype)
        header[tensor_name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(f"{name}: {path.stat().st_size} bytes")


def write_shards(folder, tensors, dtype, count=2):
    """The tensors in `count` files of about the same number of tensors, in the order of the model, with their index."""
    names = list(tensors)
    weight_map = {}
    for shard in range(count):
        file = f"model-{shard + 1:05d}-of-{count:05d}.safetensors"
        part = names[shard * len(names) // count : (shard + 1) * len(names) // count]
        write_safetensors(f"{folder}/{file}", {name: tensors[name] for name in part}, dtype)
        weight_map |= {name: file for name in part}
    size = sum(len(to_bytes(tensor, dtype)) for tensor in tensors.values())
    write_json(f"{folder}/model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))})


def read_shards(folder):
    tensors = {}
    for path in sorted((FOLDER / folder).glob("model-*-of-*.safetensors")):
        tensors |= read_safetensors(str(path.relative_to(FOLDER)))
    return tensors


def read_safetensors(name):
    raw = (FOLDER / name).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    header.pop("__metadata__")
    tensors = {}
    for tensor_name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[tensor_name] = from_bytes(data[begin:end], entry["dtype"]).reshape(entry["shape"])
    return tensors
