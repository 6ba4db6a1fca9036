"""The safetensors file format: eight bytes of header length, a JSON header, the tensors' bytes."""
import json
import struct

import numpy as np

TYPES = {"F16": np.float16, "F32": np.float32}


def save(path, tensors):
    """Writes named numpy arrays of F16 or F32, in the given order."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    names = {np.dtype(numpy_type): name for name, numpy_type in TYPES.items()}
    for name, array in tensors.items():
        end = offset + array.nbytes
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def load(path):
    """Reads named numpy arrays, in the order of the header."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }
