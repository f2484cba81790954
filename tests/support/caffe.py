"""A caffemodel and a prototxt with the layers of colorization_deploy_v2.prototxt, written by hand, random weights.

The rows are from that file (richzhang/colorization, branch caffe), the field numbers from BVLC's caffe.proto.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

# One convolution a row: name, channels of input and output as multiples of the width (64 there), stride, dilation. A
# row that ends in a name is followed by batch normalisation of that name; all have ReLU before it.
CONVOLUTIONS = [
    ("bw_conv1_1", 0, 1, 1, 1, ""),
    ("conv1_2", 1, 1, 2, 1, "conv1_2norm"),
    ("conv2_1", 1, 2, 1, 1, ""),
    ("conv2_2", 2, 2, 2, 1, "conv2_2norm"),
    ("conv3_1", 2, 4, 1, 1, ""),
    ("conv3_2", 4, 4, 1, 1, ""),
    ("conv3_3", 4, 4, 2, 1, "conv3_3norm"),
    ("conv4_1", 4, 8, 1, 1, ""),
    ("conv4_2", 8, 8, 1, 1, ""),
    ("conv4_3", 8, 8, 1, 1, "conv4_3norm"),
    ("conv5_1", 8, 8, 1, 2, ""),
    ("conv5_2", 8, 8, 1, 2, ""),
    ("conv5_3", 8, 8, 1, 2, "conv5_3norm"),
    ("conv6_1", 8, 8, 1, 2, ""),
    ("conv6_2", 8, 8, 1, 2, ""),
    ("conv6_3", 8, 8, 1, 2, "conv6_3norm"),
    ("conv7_1", 8, 8, 1, 1, ""),
    ("conv7_2", 8, 8, 1, 1, ""),
    ("conv7_3", 8, 8, 1, 1, "conv7_3norm"),
    ("conv8_1", 8, 4, 2, 1, ""),  # the one deconvolution, 4x4
    ("conv8_2", 4, 4, 1, 1, ""),
    ("conv8_3", 4, 4, 1, 1, ""),
]
_AVERAGED = 999.98  # Caffe's moving average keeps sums: mean and variance are this many times what they stand for


def random_blobs(width: int, *, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Draw weights that keep activations near 1 and spread the logits, so that colours come out all over the gamut."""
    draw = np.random.default_rng(seed)
    blobs: dict[str, list[np.ndarray]] = {}
    for name, inputs, outputs, _, _, norm in CONVOLUTIONS:
        fan_in, wide = max(1, inputs * width), outputs * width
        shape = (fan_in, wide, 4, 4) if name == "conv8_1" else (wide, fan_in, 3, 3)
        scale = (1 / 30 if inputs == 0 else 1.0) * (2 / (fan_in * (4 if name == "conv8_1" else 9))) ** 0.5
        blobs[name] = [_normal(draw, shape, scale), _normal(draw, (wide,), 0.1)]
        if norm:
            mean, variance = _normal(draw, (wide,), 0.2) + 0.5, draw.uniform(0.5, 1.5, wide).astype(np.float32)
            blobs[norm] = [_AVERAGED * mean, _AVERAGED * variance, np.array([_AVERAGED], np.float32)]
    quad = 4 * width
    blobs["conv8_313"] = [_normal(draw, (313, quad, 1, 1), 2 / quad**0.5), _normal(draw, (313,), 0.3)]
    return blobs


def _normal(draw: np.random.Generator, shape: Sequence[int], scale: float) -> np.ndarray:
    return np.float32(scale) * draw.standard_normal(shape, np.float32)


def write_caffe(folder: Path, *, width: int = 64, seed: int = 0) -> tuple[Path, Path]:
    """Write the two files; returns the paths of the prototxt and of the caffemodel."""
    files = folder / f"deploy_{width}.prototxt", folder / f"release_{width}_{seed}.caffemodel"
    files[0].write_text(prototxt(width))
    files[1].write_bytes(caffemodel(random_blobs(width, seed=seed)))
    return files


def caffemodel(blobs: Mapping[str, Sequence[np.ndarray]], *, v1: bool = False) -> bytes:
    """Encode a NetParameter; with `v1` as before 2014, with `layers` for `layer` and four dimensions a blob."""
    field, name_field, blobs_field = (2, 4, 6) if v1 else (100, 1, 7)
    layers = []
    for name, arrays in blobs.items():
        parts = [_delimited(name_field, name.encode())]
        parts += [_delimited(blobs_field, _blob(array, v1)) for array in arrays]
        layers.append(_delimited(field, b"".join(parts)))
    return b"".join([_delimited(1, b"LtoAB"), *layers])


def _blob(array: np.ndarray, v1: bool) -> bytes:
    if v1:
        sizes = (1,) * (4 - array.ndim) + array.shape
        shape = b"".join(_varint(8 * number) + _varint(size) for number, size in enumerate(sizes, 1))
    else:
        shape = _delimited(7, _delimited(1, b"".join(map(_varint, array.shape))))
    return _delimited(5, array.astype("<f4").tobytes()) + shape


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(8 * number + 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += struct.pack("B", value & 0x7F | 0x80)
        value >>= 7
    return out + struct.pack("B", value)


def prototxt(width: int = 64) -> str:
    """Describe the network in Caffe's words."""
    top = "data_l"
    shape = "shape { dim: 1 dim: 1 dim: 224 dim: 224 }"
    layers = [f'layer {{ name: "data_l" type: "Input" top: "data_l" input_param {{ {shape} }} }}']
    for name, _, outputs, stride, dilation, norm in CONVOLUTIONS:
        kind, kernel, pad = ("Deconvolution", 4, 1) if name == "conv8_1" else ("Convolution", 3, dilation)
        numbers = {"num_output": outputs * width, "pad": pad, "kernel_size": kernel}
        numbers |= {"stride": stride, "dilation": dilation}
        below, top = top, name.removeprefix("bw_")
        layers.append(_layer(name, kind, below, top, f"convolution_param {{ {_pairs(numbers.items())} }}"))
        layers.append(_layer(f"relu{top.removeprefix('conv')}", "ReLU", top, top))
        if norm:
            layers.append(_layer(norm, "BatchNorm", top, norm, "batch_norm_param { }"))
            top = norm
    layers.append(_layer("conv8_313", "Convolution", top, "conv8_313", _one_by_one(313)))
    filler = "scale_param { bias_term: False filler { type: 'constant' value: 2.606 } }"
    layers.append(_layer("conv8_313_rh", "Scale", "conv8_313", "conv8_313_rh", filler))
    layers.append(_layer("class8_313_rh", "Softmax", "conv8_313_rh", "class8_313_rh"))
    layers.append(_layer("class8_ab", "Convolution", "class8_313_rh", "class8_ab", _one_by_one(2)))
    layers.append('layer { name: "Silence" type: "Silence" bottom: "class8_ab" }')
    return "\n".join(['name: "LtoAB"', *layers, ""])


def _one_by_one(outputs: int) -> str:
    return f"convolution_param {{ num_output: {outputs} kernel_size: 1 stride: 1 dilation: 1 }}"


def _pairs(numbers: Iterable[tuple[str, int]]) -> str:
    return " ".join(f"{name}: {value}" for name, value in numbers)


def _layer(name: str, kind: str, bottom: str, top: str, options: str = "") -> str:
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" {options} }}'
