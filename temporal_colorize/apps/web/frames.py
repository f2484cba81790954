"""Pictures as a browser takes them: inside the page itself, so that no address of them can be handed around."""

import base64
from pathlib import Path
from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.confidence_map import ConfidenceMap
from temporal_colorize.inference.picture import is_picture
from temporal_colorize.inference.turn import Turn
from temporal_colorize.video import Limits, probe, rgb_at


class Shown(NamedTuple):
    """What the viewer shows; pictures are data: addresses of JPEGs.

    Attributes:
        time: Seconds after the first picture.
        grey: As it was.
        color: As it was coloured.
        sure: How sure that is, in viridis; None if nobody knows.
    """

    time: float
    grey: str
    color: str
    sure: str | None = None


def of_frame(frame: ColoredFrame, *, origin: float, longest: int, quality: int) -> Shown:
    """Show a frame that a job has just coloured; `origin` is the first one's time."""
    small = frame.smaller(longest)
    sure = None if small.confidence is None else _drawn(small.confidence)
    return _shown(max(0.0, frame.time - origin), small.grey, small.rgb, sure, quality)


def of_files(
    output: Path, confidence: Path | None, *, seconds: float, longest: int, quality: int, limits: Limits
) -> Shown:
    """Show what is in a finished file, and in that of its confidence, at a time in seconds after the first picture.

    Raises:
        ValueError: If they cannot be read.
    """
    rgb, time = _read(output, seconds, limits)
    sure = None
    if confidence is not None:
        sure, _ = _read(confidence, seconds, limits, below=rgb.shape[:2])
        sure = _smaller(sure, longest)
    rgb = _smaller(rgb, longest)
    return _shown(time, _grey(rgb), rgb, sure, quality)


def _read(
    path: Path, seconds: float, limits: Limits, *, below: tuple[int, int] | None = None
) -> tuple[np.ndarray, float]:
    """Read a picture as it is shown; of a map, without the scale below it."""
    import cv2

    if is_picture(path):
        bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        return bgr[: below and below[0], :, ::-1], 0.0
    turn = Turn.of(probe(path, limits=limits).display_matrix)
    rgb, time = rgb_at(path, seconds, limits=limits)
    return turn.shown(rgb[: below and turn.shape(below)[0]]), time


def _shown(time: float, grey: np.ndarray, rgb: np.ndarray, sure: np.ndarray | None, quality: int) -> Shown:
    grey, color, sure = (None if part is None else _address(part, quality) for part in (grey, rgb, sure))
    return Shown(time, grey, color, sure)


def _grey(rgb: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def _drawn(confidence: np.ndarray) -> np.ndarray:
    """Draw a map, (H, W, 3) RGB, without its scale."""
    import torch

    picture = ConfidenceMap(confidence.shape, "viridis", words="").picture(torch.from_numpy(confidence.copy()))
    return picture[: confidence.shape[0], :, ::-1]


def _smaller(rgb: np.ndarray, longest: int) -> np.ndarray:
    import cv2

    scale = longest / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    return cv2.resize(np.ascontiguousarray(rgb), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def address_of(rgb: np.ndarray, kind: str = ".png", parameters: tuple[int, ...] = ()) -> str:
    """Write a picture, (H, W) or (H, W, 3) uint8 RGB, as an address that holds it."""
    import cv2

    _, encoded = cv2.imencode(kind, np.ascontiguousarray(rgb[..., ::-1] if rgb.ndim == 3 else rgb), parameters)
    kind = {".jpg": "jpeg", ".png": "png"}[kind]
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}"


def _address(picture: np.ndarray, quality: int) -> str:
    import cv2

    return address_of(picture, ".jpg", (cv2.IMWRITE_JPEG_QUALITY, quality))
