"""Sends grey pictures through x264 and back, in memory: what a recorder's compression leaves of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.pixels import plane_view

_RATE = 25  # frames a second; x264's rate control asks


def recompress(planes: np.ndarray, *, crf: int, preset: str = "veryfast") -> np.ndarray:
    """Encode a clip as monochrome full-range H.264 and decode it: the same every time, so on one thread.

    Args:
        planes: (T, H, W) uint8 luma of any size, T at least 1.
        crf: x264's constant rate factor: 0 loses nothing, 18 little, 51 nearly all.
        preset: x264's.

    Returns:
        (T, H, W) uint8.

    Raises:
        VideoError: If x264 refuses the preset or the size.
        ValueError: If planes are no such clip, or crf is not within 0..51.
    """
    if planes.ndim != 3 or planes.dtype != np.uint8 or not planes.size:
        raise ValueError(f"planes {planes.shape} {planes.dtype} must be (T, H, W) uint8 and not empty")
    if not 0 <= crf <= 51:
        raise ValueError(f"crf={crf} must be a number from 0 to 51")
    _, height, width = planes.shape
    decoder = VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = _encode(planes, _encoder(height, width, crf=crf, preset=preset))
    decoded = (frame for packet in packets for frame in decoder.decode(packet))
    return np.stack([plane_view(frame, 0, np.uint8) for frame in decoded])


def _encoder(height: int, width: int, *, crf: int, preset: str) -> VideoCodecContext:
    encoder = VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gray"
    encoder.time_base, encoder.framerate = Fraction(1, _RATE), _RATE
    encoder.color_range = ColorRange.JPEG
    encoder.thread_count = 1
    # x264's macroblock tree (core 165) reads unset memory where the CPU has AVX-512; cameras' encoders have none.
    encoder.options = {"crf": str(crf), "preset": preset, "mbtree": "0"}
    try:
        encoder.open()
    except av.FFmpegError as error:
        raise VideoError(
            f"x264 does not start with preset={preset} at {width}x{height} ({reason(error)}); "
            "use one of its own presets, such as veryfast"
        ) from None
    return encoder


def _encode(planes: np.ndarray, encoder: VideoCodecContext) -> Iterator[av.Packet | None]:
    """Yield the packets, and None, which makes a decoder give up its last frames."""
    for number, plane in enumerate(planes):
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(plane), format="gray")
        frame.pts, frame.color_range = number, ColorRange.JPEG
        yield from encoder.encode(frame)
    yield from encoder.encode(None)
    yield None
