"""Reads the weights in a .caffemodel without Caffe, and without OpenCV, whose version 5 has lost its importer.

The file is a protobuf message, `NetParameter` of caffe.proto. Of it only names and blobs are read; the numbers below
are the fields' in that schema.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

_LAYERS = {100: (1, 7), 2: (4, 6)}  # field of a layer, new or V1: the fields in it of its name and of its blobs
_LEGACY_SHAPE, _SHAPE = (1, 2, 3, 4), 7  # num, channels, height, width, which `shape` has replaced
_DATA = {5: "<f4", 8: "<f8"}


def read_caffemodel(path: str | Path) -> dict[str, list[np.ndarray]]:
    """Read the blobs of every layer that has some.

    Returns:
        Layer names to arrays, float32 or float64, read-only views of the one buffer that holds the file.

    Raises:
        ValueError: If the file is missing, cut short, or not a caffemodel with weights; the message has its name.
    """
    try:
        content = memoryview(Path(path).read_bytes())
    except OSError as error:
        raise ValueError(f"weights={path}: cannot be opened ({error.strerror}); check the path") from error
    layers: dict[str, list[np.ndarray]] = {}
    try:
        for number, value in _fields(content):
            if number in _LAYERS:
                name, blobs = _layer(_message(value), *_LAYERS[number])
                if blobs:
                    layers[name] = blobs
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"weights={path} is not a caffemodel, or a damaged one ({error}); download it again"
        ) from error
    if not layers:
        raise ValueError(f"weights={path} holds no weights; give a .caffemodel, not a prototxt")
    return layers


def _layer(layer: memoryview, name_field: int, blobs_field: int) -> tuple[str, list[np.ndarray]]:
    name, blobs = "", []
    for number, value in _fields(layer):
        if number == name_field:
            name = bytes(_message(value)).decode()
        elif number == blobs_field:
            blobs.append(_blob(_message(value)))
    return name, blobs


def _blob(blob: memoryview) -> np.ndarray:
    shape: list[int] | None = None
    legacy: dict[int, int] = {}
    parts = []
    for number, value in _fields(blob):
        if number in _DATA:  # one packed field as a rule, but one field a number is as good
            parts.append(np.frombuffer(_message(value), _DATA[number]))
        elif number == _SHAPE:
            shape = [size for field, sizes in _fields(_message(value)) if field == 1 for size in _integers(sizes)]
        elif number in _LEGACY_SHAPE:
            legacy[number] = next(_integers(value), 1)
    data = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.float32), *parts])
    if shape is None:
        shape = [legacy.get(number, 1) for number in _LEGACY_SHAPE] if legacy else [data.size]
    return data.reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number, and its value: an integer, or bytes that are to be looked into."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == 2:
            size, position = _varint(message, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"no field is of kind {kind}")
        if position + size > len(message):
            raise ValueError("it is cut short")
        yield number, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Read an integer, seven bits a byte, the lowest first; give it and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError("it is cut short")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("an integer in it does not end")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should")
    return value


def _integers(value: int | memoryview) -> Iterator[int]:
    """Yield the one integer of a plain field or the many of a packed one."""
    if isinstance(value, int):
        yield value
        return
    position = 0
    while position < len(value):
        number, position = _varint(value, position)
        yield number
