"""Made-up raw data sets: colourful pictures that look different from each other, and videos of them."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np


def picture(seed: int, *, height: int = 96, width: int = 128) -> np.ndarray:
    """Draw soft colourful blotches, (H, W, 3) uint8 RGB; every seed its own."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def save(path: Path, rgb: np.ndarray, *, quality: int = 95) -> None:
    """Write a picture; the suffix chooses the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Through memory, as OpenCV's own writing refuses some file names on some systems.
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    content = cv2.imencode(path.suffix, rgb[..., ::-1], options)[1]
    path.write_bytes(content.tobytes())


def save_video(path: Path, *, seed: int, count: int = 20, still: bool = False) -> None:
    """Write a colourful video whose picture moves by two pixels a frame, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scene = picture(seed, width=128 + 2 * count)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "18"})
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        for index in range(count):
            left = 0 if still else 2 * index
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene[:, left : left + 128]))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
