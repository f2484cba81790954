"""Weights as their authors published them, by path: .caffemodel and .pth files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from temporal_colorize.color.bins import load_prior, rebalancing_weights
from temporal_colorize.inference.weights import Decoding, Weights, WeightsError
from temporal_colorize.models.caffe_file import read_caffemodel
from temporal_colorize.models.opencv_dnn import OpenCVCaffe
from temporal_colorize.models.public_weights import read_public
from temporal_colorize.models.siggraph17 import Siggraph17Net
from temporal_colorize.models.zhang import REHEAT, ZhangNet

_NETWORKS = {".caffemodel": ("zhang", "caffe"), ".pth": ("zhang", "siggraph17")}
_PROTOTXT = "colorization_deploy_v2.prototxt"


def load_public(path: Path, *, architecture: str | None, prototxt: str | None) -> Weights:
    """Read a public file.

    The prior by which Zhang et al. rebalanced is in none of them, so ours stands for it: vividness 1 gives the
    published colours, and anything below is an estimate.

    Args:
        path: A .caffemodel or .pth file.
        architecture: zhang, siggraph17 (a .pth), or caffe (a .caffemodel, run by OpenCV); None for zhang.
        prototxt: For caffe; None for `colorization_deploy_v2.prototxt` beside it.

    Raises:
        WeightsError: If the file cannot be read or is not of that network.
    """
    known = _NETWORKS[path.suffix]
    chosen = architecture or known[0]
    if chosen not in known:
        raise WeightsError(f"weights={path} may be for model={' or '.join(known)}, not for model={chosen}")
    try:
        if chosen == "caffe":
            net = OpenCVCaffe(prototxt=prototxt or str(path.with_name(_PROTOTXT)), caffemodel=str(path))
        else:
            net = _loaded(path, chosen)
    except ValueError as error:
        message = str(error)
        raise WeightsError(message if str(path) in message else f"weights={path}: {message}") from error
    log_weights = rebalancing_weights(load_prior()).log()
    return Weights(
        net.eval().requires_grad_(False), log_weights, Decoding(vividness=1.0, temperature=1 / REHEAT), path.stem
    )


def _loaded(path: Path, architecture: str) -> ZhangNet | Siggraph17Net:
    if path.suffix == ".caffemodel":
        blobs = read_caffemodel(path)
        net = ZhangNet(width=_width(blobs.get("bw_conv1_1", ())))
        net.load_caffe(blobs)
        return net
    weights = read_public(path)
    width = _width([weights[name] for name in ("model1.0.weight",) if name in weights])
    net = ZhangNet(width=width) if architecture == "zhang" else Siggraph17Net(width=width)
    net.load_public(weights)
    return net


def _width(kernels: Sequence[np.ndarray | Tensor]) -> int:
    """Count the first convolution's channels: 64 as published, and for what its loader will refuse."""
    return len(kernels[0]) if len(kernels) else 64
