"""What happens to the coded picture between sensor and file: burnt-in text, rounding, compression.

Luma is gamma-coded, (B, T, 1, H, W) in [0, 1].
"""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import torch
from kornia.enhance import jpeg_codec_differentiable
from torch import Tensor

from temporal_colorize.video.recompress import recompress

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%b %d %Y %H:%M:%S", "%H:%M:%S.%f")
_STYLES = ("plain", "outlined", "boxed")
_FRAME_TIME = timedelta(seconds=1 / 25)
_FIRST_DAY, _SECONDS = datetime(2005, 1, 1, tzinfo=UTC), 25 * 365 * 24 * 3600


def timestamp(
    frames: int, height: int, width: int, *, letters: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a camera's name and clock, which goes on by 1/25 s a frame, in a corner of a clip.

    Args:
        frames: T.
        height: Of the picture, in pixels.
        width: The same; text that is wider is made smaller, or cut where that would leave nothing.
        letters: Height of the letters as a share of the picture's.
        rng: Decides font, format, style, corner, camera and time.

    Returns:
        ink and cover, both (T, 1, H, W) float32 in [0, 1]: the stamped picture is picture + cover * (ink - picture).
    """
    font, style = _FONTS[rng.integers(len(_FONTS))], _STYLES[rng.integers(len(_STYLES))]
    texts = _texts(frames, rng)
    scale = cv2.getFontScaleFromHeight(font, max(3, round(letters * height)), 1)
    while scale > 0.1 and cv2.getTextSize(texts[0], font, scale, 1)[0][0] > width - 6:
        scale *= 0.95
    (wide, tall), base = cv2.getTextSize(texts[0], font, scale, 1)
    right, bottom = rng.integers(2, size=2)
    x = width - 3 - wide if right else 2
    y = height - 3 - base if bottom else 2 + tall
    ink, cover = np.zeros((2, frames, height, width), np.uint8)
    for frame, text in enumerate(texts):
        cv2.putText(ink[frame], text, (x, y), font, scale, 255, 1, cv2.LINE_AA)
        cv2.putText(cover[frame], text, (x, y), font, scale, 255, 3 if style == "outlined" else 1, cv2.LINE_AA)
        if style == "boxed":
            cv2.rectangle(cover[frame], (x - 2, y - tall - 2), (x + wide + 1, y + base), 255, cv2.FILLED)
    if style == "plain":
        ink[:] = 255
    return _unit(ink), _unit(cover)


def _texts(frames: int, rng: np.random.Generator) -> list[str]:
    form = _FORMATS[rng.integers(len(_FORMATS))]
    camera = rng.choice(["", f"CAM {rng.integers(1, 17):02d} ", f"CH{rng.integers(1, 9)} "])
    start = _FIRST_DAY + timedelta(seconds=rng.uniform(0, _SECONDS))
    times = [(start + frame * _FRAME_TIME).strftime(form) for frame in range(frames)]
    return [camera + (time[:-4] if form.endswith("%f") else time) for time in times]  # hundredths will do


def _unit(codes: np.ndarray) -> np.ndarray:
    return codes[:, None].astype(np.float32) / 255


def quantise(luma: Tensor, bits: Tensor) -> Tensor:
    """Round to the codes of that many bits, (B, 1, 1, 1, 1)."""
    highest = 2 ** bits.round() - 1
    return (luma * highest).round() / highest


def compress_jpeg(luma: Tensor, quality: Tensor) -> Tensor:
    """Code every frame as a grey JPEG of quality 1..100, (B, 1, 1, 1, 1), with libjpeg's tables.

    Kornia's codec is built for gradients: where libjpeg rounds a coefficient it keeps the cube of what rounding takes
    away, at most an eighth of a step. About 6 ms for 128x128 on one CPU thread.
    """
    pictures = luma.flatten(0, 1)
    qualities = quality.flatten().repeat_interleave(luma.shape[1])
    return jpeg_codec_differentiable(pictures.expand(-1, 3, -1, -1), qualities)[:, :1].clamp(0, 1).view_as(luma)


def compress_h264(luma: Tensor, crf: Tensor) -> Tensor:
    """Code each clip with x264 on the host at the constant rate factor of its row, rounded."""
    codes = (luma[:, :, 0] * 255).round().byte().cpu().numpy()
    factors = crf.flatten().round().int().tolist()
    coded = [recompress(clip, crf=factor) for clip, factor in zip(codes, factors, strict=True)]
    return torch.from_numpy(np.stack(coded))[:, :, None].to(luma.device).float() / 255
