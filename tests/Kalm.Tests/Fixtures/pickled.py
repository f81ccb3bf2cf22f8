"""Writes files as torch.save does, without torch: Python's own pickler with stand-ins for the classes and functions that torch's files
name, and the ZIP archive by hand, because torch pads the local headers alone so that every storage begins at a multiple of 64 bytes.

    pickled/llama_tiny.bin       the tensors of llama_tiny/model.safetensors
    pickled/qwen3/*              those of architectures/qwen3/base in two shards with their index, by protocol 4 and with a ZIP64 directory
    pickled/trainer.bin          a checkpoint of a trainer: tensors under state_dict among other things
    pickled/kinds.bin            every type, transposed, in parts, shared, empty; the same values in pickled/kinds.safetensors

Run: python3 pickled.py
"""

import io
import json
import pickle
import struct
import sys
import types
import zlib
from collections import OrderedDict
from pathlib import Path

sys.dont_write_bytecode = True
FOLDER = Path(__file__).resolve().parent
STORAGES = {"F64": "Double", "F32": "Float", "F16": "Half", "BF16": "BFloat16", "I64": "Long", "I32": "Int", "I16": "Short", "I8": "Char",
            "U8": "Byte", "BOOL": "Bool"}
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def module(name, **members):
    made = types.ModuleType(name)
    for key, member in members.items():
        if not isinstance(member, types.ModuleType):
            member.__module__ = name
        setattr(made, key, member)
    sys.modules[name] = made
    return made


def _rebuild_tensor_v2():
    pass


def _rebuild_tensor_v3():
    pass


def _rebuild_parameter():
    pass


def _rebuild_parameter_with_state():
    pass


def _rebuild_from_type_v2():
    pass


class Size(tuple):
    def __reduce__(self):
        return Size, (tuple(self),)


class DType:
    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name


class UntypedStorage:
    pass


class TensorClass:
    pass


TensorClass.__name__ = TensorClass.__qualname__ = "Tensor"
CLASSES = {kind: type(f"{name}Storage", (), {}) for kind, name in STORAGES.items()}
utils = module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2, _rebuild_tensor_v3=_rebuild_tensor_v3, _rebuild_parameter=_rebuild_parameter,
               _rebuild_parameter_with_state=_rebuild_parameter_with_state)
tensor_module = module("torch._tensor", _rebuild_from_type_v2=_rebuild_from_type_v2)
storage_module = module("torch.storage", UntypedStorage=UntypedStorage)
bfloat16 = DType("bfloat16")
module("torch", Size=Size, Tensor=TensorClass, bfloat16=bfloat16, _utils=utils, _tensor=tensor_module, storage=storage_module,
       **{made.__name__: made for made in CLASSES.values()})


class Storage:
    def __init__(self, kind, raw):
        self.kind, self.raw = kind, raw


class Tensor:
    def __init__(self, storage, shape, stride=None, offset=0, wrap="tensor"):
        self.storage, self.shape, self.offset, self.wrap = storage, tuple(shape), offset, wrap
        self.stride = tuple(stride) if stride is not None else in_order(shape)

    def __reduce_ex__(self, protocol):
        data = (self.storage, self.offset, self.shape, self.stride, False, OrderedDict())
        if self.wrap == "untyped":
            return _rebuild_tensor_v3, (*data, bfloat16)
        if self.wrap == "subclass":
            return _rebuild_from_type_v2, (_rebuild_tensor_v2, TensorClass, data, {"note": 1})
        if self.wrap == "parameter":
            return _rebuild_parameter, (Tensor(self.storage, self.shape, self.stride, self.offset), True, OrderedDict())
        if self.wrap == "parameter with state":
            return _rebuild_parameter_with_state, (Tensor(self.storage, self.shape, self.stride, self.offset), True, OrderedDict(), {"a": 1})
        return _rebuild_tensor_v2, data

    def bytes(self):
        """The elements in the order of the shape."""
        size, raw = SIZES[self.storage.kind], b""
        for index in indexes(self.shape):
            place = (self.offset + sum(step * at for step, at in zip(self.stride, index))) * size
            raw += self.storage.raw[place : place + size]
        return raw


def in_order(shape):
    stride, step = [], 1
    for size in reversed(shape):
        stride.append(step)
        step *= size
    return tuple(reversed(stride))


def indexes(shape):
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        for rest in indexes(shape[1:]):
            yield (first, *rest)


class Pickler(pickle.Pickler):
    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if value not in self.storages:
            self.storages.append(value)
        untyped = getattr(value, "untyped", False)
        return ("storage", UntypedStorage if untyped else CLASSES[value.kind], str(self.storages.index(value)), "cpu",
                len(value.raw) if untyped else len(value.raw) // SIZES[value.kind])


def save(name, value, protocol=2, is_zip64=False):
    file = io.BytesIO()
    pickler = Pickler(file, protocol)
    pickler.dump(value)
    path = FOLDER / "pickled" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    folder = path.stem
    entries = [(f"{folder}/data.pkl", file.getvalue()), (f"{folder}/byteorder", b"little")]
    entries += [(f"{folder}/data/{key}", storage.raw) for key, storage in enumerate(pickler.storages)]
    entries += [(f"{folder}/version", b"3\n"), (f"{folder}/.data/serialization_id", b"0" * 40)]
    path.write_bytes(archive(entries, is_zip64))
    print(f"{path.relative_to(FOLDER)}: {path.stat().st_size} bytes")


def archive(entries, is_zip64):
    data, directory = b"", b""
    for name, content in entries:
        name = name.encode()
        padding = -(len(data) + 30 + len(name) + 4) % 64
        begin, crc, size = len(data), zlib.crc32(content), len(content)
        data += struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, 0x808, 0, 0, 0, crc, size, size, len(name), 4 + padding) + name
        data += struct.pack("<2sH", b"FB", padding) + b"Z" * padding + content
        most = 0xFFFFFFFF
        extra = struct.pack("<HHQQQ", 1, 24, size, size, begin) if is_zip64 else b""
        shown = (most, most, most) if is_zip64 else (size, size, begin)
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0, 45, 0x808, 0, 0, 0, crc, shown[0], shown[1], len(name), len(extra), 0, 0, 0, 0,
                                 shown[2]) + name + extra
    count, begin, size, end = len(entries), len(data), len(directory), b""
    if is_zip64:
        end += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, begin)
        end += struct.pack("<IIQI", 0x07064B50, 0, begin + size, 1)
        count, begin, size = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    return data + directory + end + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, begin, 0)


def read_safetensors(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    return OrderedDict((name, Tensor(Storage(entry["dtype"], raw[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]]),
                                     entry["shape"])) for name, entry in header.items())


def write_safetensors(name, tensors):
    header, data = {}, b""
    for key, tensor in tensors.items():
        raw = tensor.bytes()
        header[key] = {"dtype": tensor.storage.kind, "shape": tensor.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / "pickled" / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


def with_metadata(tensors):
    """As Module.state_dict gives it: a dictionary with an attribute."""
    state = OrderedDict(tensors)
    state._metadata = OrderedDict((name.rpartition(".")[0], {"version": 1}) for name in tensors)
    return state


def kinds():
    formats = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "B"}
    tensors = OrderedDict()
    for kind, form in formats.items():
        values = [0, 1, 1, 0, 1, 0] if kind == "BOOL" else [0, 1, 2, 3, 100, 101] if kind == "U8" else [0, -1, 2, -3, 100, 101]
        tensors[kind] = Tensor(Storage(kind, struct.pack(f"<6{form}", *values)), (2, 3))
    shared = Storage("F32", struct.pack("<24f", *[n / 7 for n in range(24)]))
    halves = Storage("BF16", struct.pack("<12H", *range(0x3F00, 0x3F0C)))
    untyped = Storage("BF16", struct.pack("<4H", *range(0x4000, 0x4004)))
    untyped.untyped = True
    tensors["BF16"] = Tensor(halves, (3, 4))
    tensors["whole"] = Tensor(shared, (2, 3, 4))
    tensors["again"] = tensors["whole"]
    tensors["transposed"] = Tensor(shared, (6, 4), (1, 6))
    tensors["transposed halves"] = Tensor(halves, (4, 3), (1, 4), wrap="parameter")
    tensors["turned"] = Tensor(shared, (4, 2, 3), (1, 12, 4))
    tensors["column"] = Tensor(shared, (5,), (4,), 3)
    tensors["part"] = Tensor(shared, (2, 4), None, 8)
    tensors["expanded"] = Tensor(shared, (3, 4), (0, 1), 20)
    tensors["one wide"] = Tensor(shared, (1, 4), (999, 1), 20)
    tensors["scalar"] = Tensor(shared, (), (), 5)
    tensors["empty"] = Tensor(Storage("F32", b""), (0, 3))
    tensors["parameter"] = Tensor(shared, (24,), wrap="parameter")
    tensors["stateful"] = Tensor(shared, (24,), wrap="parameter with state")
    tensors["subclass"] = Tensor(shared, (24,), wrap="subclass")
    tensors["untyped"] = Tensor(untyped, (2, 2), wrap="untyped")
    return tensors


llama = read_safetensors(FOLDER / "llama_tiny" / "model.safetensors")
save("llama_tiny.bin", with_metadata(llama))

qwen, names, weight_map = OrderedDict(), [], {}
for path in sorted((FOLDER / "architectures" / "qwen3").glob("**/*.safetensors")):
    if "adapter" not in path.name:
        qwen |= read_safetensors(path)
for shard in range(2):
    file = f"pytorch_model-{shard + 1:05d}-of-00002.bin"
    part = list(qwen)[shard * len(qwen) // 2 : (shard + 1) * len(qwen) // 2]
    save(f"qwen3/{file}", {name: qwen[name] for name in part}, protocol=4, is_zip64=True)
    weight_map |= {name: file for name in part}
(FOLDER / "pickled" / "qwen3" / "pytorch_model.bin.index.json").write_text(
    json.dumps({"metadata": {"total_size": sum(len(tensor.storage.raw) for tensor in qwen.values())}, "weight_map": weight_map}, indent=1) + "\n")

norm = {"norm.weight": Tensor(Storage("F16", struct.pack("<4e", 1, -0.5, 65504, 6e-8)), (4,)), "note": "text", 3: "three"}
save("trainer.bin", {"epoch": 3, "loss": 0.25, "seed": 1 << 70, "callbacks": {"names": ["a", "b"], "best": (1, None, True), "bytes": b"xyz"},
                     "shape": Size((2, 3)), "tags": {1, 2}, "state_dict": norm, "optimizer_states": [{0: {"step": 7, "text": "x" * 70_000}}]}, protocol=5)

save("kinds.bin", kinds())
write_safetensors("kinds.safetensors", kinds())
