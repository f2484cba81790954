"""Weights as their authors published them, by path: .caffemodel and .pth files."""

from collections.abc import Mapping, Sequence
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
_SIZE = 256  # of the authors' PyTorch release; the deployed Caffe one and OpenCV's sample take 224


def load_public(path: Path, *, architecture: str | None, options: Mapping[str, object]) -> Weights:
    """Read a public file.

    The prior by which Zhang et al. rebalanced is in none of them, so ours stands for it: vividness 1 gives the
    published colours, and anything below is an estimate.

    Args:
        path: A .caffemodel or .pth file.
        architecture: zhang, siggraph17 (a .pth), or caffe (a .caffemodel, run by OpenCV); None for what a .pth is, and
            for zhang.
        options: `mask_center` of siggraph17; `prototxt` of caffe, `colorization_deploy_v2.prototxt` beside it if None.

    Raises:
        WeightsError: If the file cannot be read or is not of that network.
    """
    known = _NETWORKS[path.suffix]
    if architecture not in (None, *known):
        raise WeightsError(f"weights={path} may be of {' or '.join(known)}, not of {architecture}")
    try:
        if architecture == "caffe":
            prototxt = options.get("prototxt") or path.with_name(_PROTOTXT)
            net = OpenCVCaffe(prototxt=str(prototxt), caffemodel=str(path))
        elif path.suffix == ".caffemodel":
            net = _zhang_of_caffe(path)
        else:
            net = _of_pth(path, architecture, options)
    except ValueError as error:
        message = str(error)
        raise WeightsError(message if str(path) in message else f"weights={path}: {message}") from error
    log_weights = rebalancing_weights(load_prior()).log()
    decoding = Decoding(vividness=1.0, temperature=1 / REHEAT)
    return Weights(net.eval().requires_grad_(False), log_weights, decoding, path.stem, _SIZE)


def _zhang_of_caffe(path: Path) -> ZhangNet:
    blobs = read_caffemodel(path)
    net = ZhangNet(width=_width(blobs.get("bw_conv1_1", ())))
    net.load_caffe(blobs)
    return net


def _of_pth(path: Path, architecture: str | None, options: Mapping[str, object]) -> ZhangNet | Siggraph17Net:
    weights = read_public(path)
    width = _width([weights[name] for name in ("model1.0.weight",) if name in weights])
    hinted = any(name.startswith("model3short8.") for name in weights)
    if (architecture or ("siggraph17" if hinted else "zhang")) == "siggraph17":
        net = Siggraph17Net(width=width, mask_center=float(options.get("mask_center", 0.0)))
    else:
        net = ZhangNet(width=width)
    net.load_public(weights)
    return net


def _width(kernels: Sequence[np.ndarray | Tensor]) -> int:
    """Count the first convolution's channels: 64 as published, and for what its loader will refuse."""
    return len(kernels[0]) if len(kernels) else 64
