"""A camera for measuring live colouring: a rendered scene with its number drawn in, served without encoding it again.

Needs GStreamer's RTSP server; see Makefile.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from temporal_colorize.sample.clip import render_frames

RATE = 25
_BITS = 12
_ENCODING = {"preset": "veryfast", "crf": "23", "bf": "0", "g": str(RATE), "x264-params": "repeat-headers=1:aud=1"}


def make_scene(path: Path, *, width: int, height: int, seconds: float) -> int:
    """Write a raw H.264 file for tests/support/rtsp_server.py, unless it is there; return how many pictures it has."""
    count = round(seconds * RATE)
    if path.exists():
        return count
    with av.open(str(path), "w", format="h264") as made:
        video = made.add_stream("libx264", rate=RATE, options=_ENCODING)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number, picture in enumerate(render_frames(width=width, height=height, seconds=seconds, fps=RATE)):
            frame = av.VideoFrame.from_ndarray(_numbered(picture, number), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            made.mux(video.encode(frame))
        made.mux(video.encode())
    return count


def _numbered(picture: np.ndarray, number: int) -> np.ndarray:
    """Draw a number as bright and dark blocks along the lower edge."""
    tall, wide = picture.shape[0] // 20, picture.shape[1] // _BITS
    for bit in range(_BITS):
        picture[-tall:, bit * wide : (bit + 1) * wide] = 235 if number >> bit & 1 else 16
    return picture


def number_of(luma: np.ndarray) -> int:
    """Read the number back from a picture's luma, (H, W)."""
    tall, wide = luma.shape[0] // 20, luma.shape[1] // _BITS
    blocks = [
        luma[-tall // 2 - 2 : -tall // 2 + 2, bit * wide + wide // 4 : bit * wide + 3 * wide // 4]
        for bit in range(_BITS)
    ]
    return sum(int(block.mean() > 125) << bit for bit, block in enumerate(blocks))
