import json
import math
import os
import struct
import torch
from torch import nn


# -- the file ------------------------------------------------------------------------------------
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
          "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool}


def read_safetensors(path):
    """Tensors by name: 8 bytes say how long a JSON object is, behind it are the values."""
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        head, values = json.loads(f.read(n)), f.read()
    tensors = {}
    for name, t in head.items():
        if name == "__metadata__":
            continue
        first, end = t["data_offsets"]
        flat = torch.empty(0, dtype=DTYPES[t["dtype"]])
        if end > first:
            flat = torch.frombuffer(bytearray(values[first:end]), dtype=flat.dtype)
        tensors[name] = flat.reshape(t["shape"])
    return tensors


# -- what all layers are -------------------------------------------------------------------------
class Module(nn.Module):
    """Options, parts and tensors are attributes, under the names that weir has for them."""

    classes = context = 0  # that it is conditioned on
    fixed = ()  # names of tensors that training leaves as they are

    def __init__(self, *parts, **named):
        super().__init__()
        for i, part in enumerate(parts):
            self.add_module(str(i), part)
        for name, value in named.items():
            setattr(self, name, value)

    def fill(self, name, t):
        if t.is_floating_point() and name not in self.fixed:
            self.register_parameter(name, nn.Parameter(t))
        else:
            self.register_buffer(name, t)

    def own(self, name):
        """None where it was made without."""
        return getattr(self, name, None)
