"""Pictures and videos as widgets can show them."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from temporal_colorize.video import probe

if TYPE_CHECKING:
    from temporal_colorize.inference.colored import ColoredFrame

_MIB = 2**20
_PLAYED = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mp4", ".webm": "webm"}  # by browsers, as this type
_PIXELS = ("yuv420p", "yuvj420p")  # and of these formats alone


def jpeg_of(frame: "ColoredFrame", longest: int) -> bytes:
    """Encode a frame with at most so many pixels on its longer side."""
    return _jpeg(frame.smaller(longest).rgb[..., ::-1])


def jpeg_of_file(path: Path, longest: int) -> bytes:
    """Encode a picture that we have written, of any format."""
    bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    scale = min(1.0, longest / max(bgr.shape[:2]))
    size = max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale))
    return _jpeg(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA))


def played_as(path: Path, most_mib: int) -> str:
    """Return the type as which a browser plays a video that we have written.

    Raises:
        ValueError: That says why it is not played here.
    """
    if path.suffix.lower() not in _PLAYED:
        raise ValueError(f"browsers do not play {path.suffix}")
    if (pix_fmt := probe(path).pix_fmt) not in _PIXELS:
        raise ValueError(f"browsers do not play {pix_fmt}")
    if (size := path.stat().st_size) > most_mib * _MIB:
        raise ValueError(f"its {size / _MIB:.0f} MiB are too many for a notebook")
    return _PLAYED[path.suffix.lower()]


def _jpeg(bgr: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", bgr)[1].tobytes()
