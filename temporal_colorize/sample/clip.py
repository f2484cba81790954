"""Renders a short CCTV-like colour clip with sound; see the package."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer

from temporal_colorize.sample.scene import garage
from temporal_colorize.sample.scene import movers as things_that_move

SAMPLE_RATE = 48000
_START = datetime(2024, 5, 17, 14, 41, 7)


def render_frames(
    *,
    width: int = 640,
    height: int = 360,
    fps: int = 25,
    seconds: float = 4.0,
    noise: float = 4.0,
    movers: int = 3,
    sway: float = 0.0,
    seed: int = 0,
) -> Iterator[np.ndarray]:
    """Yield the clip's pictures, (height, width, 3) uint8 sRGB; the same arguments give the same pictures.

    Args:
        width: even; the scene is made for 16:9 and is stretched to other shapes.
        height: even.
        fps: pictures per second.
        seconds: length; everything that leaves the picture comes back, so any length has motion.
        noise: standard deviation of the sensor's noise, in levels of 255, anew in every picture.
        movers: how many of walker, ball and cup there are, 0..3; all three cover 2 to 10 % of the picture.
        sway: share of the width by which the camera swings to each side, in four seconds; 0 for a fixed one.
        seed: of the noise.
    """
    scene, hides = garage(width, height)
    moving = things_that_move(width, height, hides)[:movers] if movers else []
    rng = np.random.default_rng(seed)
    margin = 64
    # A handful of noise fields, cut out elsewhere each time: drawing 1080p noise anew costs more than encoding it.
    fields = rng.normal(0, noise, (4, height + margin, width + margin, 1)).astype(np.float32)
    tints = rng.normal(0, noise / 2, (2, height + margin, width + margin, 3)).astype(np.float32)
    for index in range(round(seconds * fps)):
        picture = scene.copy()
        for draw in moving:
            draw(picture, index / fps)
        picture = _swung(picture, sway, index / fps) if sway else picture
        for bank in (fields, tints):
            top, left = rng.integers(0, margin, 2)
            picture += bank[index % len(bank), top : top + height, left : left + width]
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        _stamp(picture, _START + timedelta(seconds=index / fps))
        yield picture


def _swung(picture: np.ndarray, sway: float, time: float) -> np.ndarray:
    """Show a part of the picture, enlarged to the whole: its middle is where the camera points at a time in seconds."""
    height, width = picture.shape[:2]
    zoom = 1 + 2 * sway
    shift = -sway * width * (1 + np.sin(time * np.pi / 2))
    place = np.float32([[zoom, 0, shift], [0, zoom, -sway * height]])
    return cv2.warpAffine(picture, place, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _stamp(picture: np.ndarray, now: datetime) -> None:
    size = picture.shape[0] / 720
    for colour, thick in (((0, 0, 0), 5), ((235, 235, 235), 2)):
        place, weight = (round(16 * size), round(40 * size)), max(1, round(thick * size))
        text = f"CAM 03  {now:%Y-%m-%d %H:%M:%S}"
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, weight, cv2.LINE_AA)


def render_sound(start: float, stop: float) -> np.ndarray:
    """Return a ventilator's hum with a short beep at every full second, (1, n) float32 in -1..1."""
    time = np.arange(round(start * SAMPLE_RATE), round(stop * SAMPLE_RATE)) / SAMPLE_RATE
    hum = 0.04 * np.sin(2 * np.pi * 50 * time) + 0.02 * np.sin(2 * np.pi * 150 * time)
    beep = 0.15 * np.sin(2 * np.pi * 1000 * time) * (time % 1 < 0.08)
    return (hum + beep).astype(np.float32)[None]


def render_sample(
    path: str | Path,
    *,
    width: int = 640,
    height: int = 360,
    fps: int = 25,
    seconds: float = 4.0,
    noise: float = 4.0,
    movers: int = 3,
    sway: float = 0.0,
    seed: int = 0,
    crf: int = 26,
) -> None:
    """Write the clip as H.264 (4:2:0, limited range, tagged BT.601 below 720 lines, else BT.709) with AAC sound.

    Args:
        path: the output; .mp4, .mkv or .mov.
        width: as in ``render_frames``, and so are the arguments up to ``seed``.
        crf: x264's quality; 26 shows blocks as recorders make them.

    Raises:
        ValueError: if width or height is odd.
    """
    if width % 2 or height % 2:
        raise ValueError(f"{width}x{height}: both must be even, as 4:2:0 halves them")
    pictures = render_frames(
        width=width, height=height, fps=fps, seconds=seconds, noise=noise, movers=movers, sway=sway, seed=seed
    )
    matrix, name = (1, "ITU709") if height >= 720 else (6, "ITU601")
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": str(crf)})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        context = video.codec_context
        context.time_base, context.color_range = Fraction(1, fps), 1
        context.colorspace = context.color_primaries = context.color_trc = matrix
        _encode(container, video, pictures, fps=fps, matrix=name)


def _encode(
    container: OutputContainer, video: av.VideoStream, pictures: Iterator[np.ndarray], *, fps: int, matrix: str
) -> None:
    sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    for index, picture in enumerate(pictures):
        rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = rgb.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range="MPEG")
        frame.pts, frame.time_base = index, Fraction(1, fps)
        container.mux(video.encode(frame))
        block = av.AudioFrame.from_ndarray(render_sound(index / fps, (index + 1) / fps), "fltp", "mono")
        block.sample_rate, block.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        block.pts = round(index / fps * SAMPLE_RATE)
        container.mux(sound.encode(block))
    container.mux(video.encode())
    container.mux(sound.encode())
