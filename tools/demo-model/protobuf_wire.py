"""As much of the protocol buffer wire format as a SentencePiece model needs."""
import struct

VARINT, BYTES, FIXED32 = 0, 2, 5


def varint(key, value):
    return _number(key << 3 | VARINT) + _number(int(value) & (1 << 64) - 1)


def text(key, value):
    return message(key, value.encode())


def message(key, data):
    return _number(key << 3 | BYTES) + _number(len(data)) + data


def float32(key, value):
    return _number(key << 3 | FIXED32) + struct.pack("<f", value)


def fields(data):
    """Yields (key, value): numbers as int, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _read_number(data, at)
        if tag & 7 == VARINT:
            value, at = _read_number(data, at)
            yield tag >> 3, value
            continue
        if tag & 7 == BYTES:
            length, at = _read_number(data, at)
        elif tag & 7 == FIXED32:
            length = 4
        else:
            raise ValueError(f"wire type {tag & 7} is not expected here")
        yield tag >> 3, data[at : at + length]
        at += length


def _number(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
