"""The public Caffe colouriser as most people run it: prototxt and caffemodel in OpenCV's DNN module, on the CPU."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip
from temporal_colorize.models.zhang import REHEAT

_CENTRES, _REHEAT = "class8_ab", "conv8_313_rh"  # the layers whose blobs OpenCV's sample puts in
_WHICH = {"prototxt": "colorization_deploy_v2.prototxt", "caffemodel": "colorization_release_v2.caffemodel"}
_TRIAL = 32  # pixels, of a first picture that shows whether the two files fit


class OpenCVCaffe(nn.Module):
    """Colours with `colorization_deploy_v2.prototxt` and its caffemodel, frame by frame; hints are ignored.

    It has no parameters and no state dict: it cannot be trained or saved as safetensors, and stays on the CPU, where
    its output too is computed before it goes to the device of the input. What stands for it is its `config`, the paths
    of the two files. `ZhangNet.load_caffe` takes the same weights to train, save, export or run them elsewhere.

    Args:
        prototxt: Path of the network's description.
        caffemodel: Path of its weights.

    Raises:
        ValueError: If a file is missing, OpenCV cannot read it, the two do not fit each other, or this OpenCV has no
            Caffe importer.
    """

    architecture, runtime = "caffe", "opencv"
    stride = 8
    fixed_size = None
    has_bins = False
    state_planes: tuple[StatePlane, ...] = ()

    def __init__(self, *, prototxt: str, caffemodel: str) -> None:
        super().__init__()
        self.config = {"prototxt": str(prototxt), "caffemodel": str(caffemodel)}
        self._net = _read(str(prototxt), str(caffemodel))
        self._one_at_a_time = threading.Lock()  # OpenCV keeps the input in the network
        self._try(str(prototxt), str(caffemodel))

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip, frame by frame; shapes and ranges are those of `VideoColorizer`, and the output is at 1/4
        resolution. The state is given back as it came."""
        check_clip(lightness, hints, self.stride)
        frames = lightness.detach().flatten(0, 1).float().cpu().numpy()
        ab = torch.from_numpy(np.concatenate([self._colour(frame[None]) for frame in frames]))
        return ColorOutput(ab.to(lightness.device).unflatten(0, lightness.shape[:2]), None), state

    def _colour(self, lightness: np.ndarray) -> np.ndarray:
        """Turn L*, (1, 1, H, W), into ab, (1, 2, H / 4, W / 4)."""
        with self._one_at_a_time:
            self._net.setInput(lightness - 50)
            return self._net.forward(_CENTRES).copy()

    def _try(self, prototxt: str, caffemodel: str) -> None:
        try:
            with _quiet():
                shape = self._colour(np.zeros((1, 1, _TRIAL, _TRIAL), np.float32)).shape
        except cv2.error as error:
            raise ValueError(f"caffemodel={caffemodel} does not fit prototxt={prototxt} ({_reason(error)})") from error
        if shape != (1, 2, _TRIAL // 4, _TRIAL // 4):
            raise ValueError(f"prototxt={prototxt} is not {_WHICH['prototxt']}: {_TRIAL} pixels square give {shape}")


def _read(prototxt: str, caffemodel: str) -> cv2.dnn.Net:
    for option, path in (("prototxt", prototxt), ("caffemodel", caffemodel)):
        if not Path(path).is_file():
            raise ValueError(f"{option}={path}: there is no such file; give the path of {_WHICH[option]}")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        wanted = "pip install 'opencv-python-headless<5', or use model=zhang, which reads the same caffemodel"
        raise ValueError(f"OpenCV {cv2.__version__} has no Caffe importer: {wanted}")
    try:
        net = cv2.dnn.readNetFromCaffe(prototxt, caffemodel)
    except cv2.error as error:
        option, path = ("prototxt", prototxt) if "TextFile" in str(error) else ("caffemodel", caffemodel)
        why = f"OpenCV cannot read it as {_WHICH[option]} ({_reason(error)}); download it again"
        raise ValueError(f"{option}={path}: {why}") from error
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
    if missing := {_CENTRES, _REHEAT} - set(net.getLayerNames()):
        raise ValueError(f"prototxt={prototxt} is not {_WHICH['prototxt']}: it has no layer {sorted(missing)[0]}")
    centres = bin_centres().T.reshape(2, BIN_COUNT, 1, 1).contiguous().numpy()
    net.getLayer(net.getLayerId(_CENTRES)).blobs = [centres]
    net.getLayer(net.getLayerId(_REHEAT)).blobs = [np.full((1, BIN_COUNT), REHEAT, np.float32)]
    return net


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV from writing pages of its own about an error that is told in a line."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def _reason(error: cv2.error) -> str:
    return " ".join(str(getattr(error, "err", "") or error).split())
