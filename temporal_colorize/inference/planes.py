"""From a frame's luma plane to what the network sees, and from its ab to the chroma planes of the stream."""

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import (
    ChromaCoding,
    Matrix,
    ab_to_chroma,
    chroma_to_codes,
    chroma_to_rgb,
    lightness_from_luma,
    luma_from_code,
)
from temporal_colorize.inference.upsample import guided_upsample


def resize_luma(plane: np.ndarray, height: int, width: int, coding: ChromaCoding) -> Tensor:
    """Average, or enlarge bilinearly, a luma plane, (H, W) of codes, to (1, height, width) of Y' in 0..1."""
    import cv2

    smaller = height * width < plane.size
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(plane, (width, height), interpolation=interpolation)
    return luma_from_code(torch.from_numpy(resized)[None], coding)


FULL_RANGE = ChromaCoding("bt601", full_range=True, bit_depth=8)  # of an 8-bit picture file


def see(plane: np.ndarray, size: tuple[int, int], coding: ChromaCoding = FULL_RANGE) -> Tensor:
    """Return the L*, (1, height, width), that a network sees of a luma plane, (H, W) of codes."""
    return lightness_from_luma(resize_luma(plane, *size, coding))


def render(luma: Tensor, ab: Tensor, matrix: Matrix = "bt601") -> Tensor:
    """Return the RGB, (*, 3, H, W) in [0, 1], of luma, (*, 1, H, W) in 0..1, and ab of one size, luma held constant."""
    return chroma_to_rgb(luma, ab_to_chroma(luma, ab, matrix), matrix)


def ab_at(luma: Tensor, ab: Tensor, seen: Tensor) -> Tensor:
    """Bring ab, (2, h, w), to the size of luma, (1, H, W) of Y' in 0..1, along its edges: (2, H, W).

    `seen` is the L* that the network saw, (1, H0, W0).
    """
    low = torch.nn.functional.interpolate(seen[None], ab.shape[-2:], mode="area")[0]
    return guided_upsample(ab, low, lightness_from_luma(luma))


def chroma_planes(luma: Tensor, ab: Tensor, seen: Tensor, coding: ChromaCoding) -> tuple[np.ndarray, np.ndarray]:
    """Return the Cb and Cr codes of `ab_at`, each (H, W) in the stream's integer type."""
    codes = chroma_to_codes(ab_to_chroma(luma, ab_at(luma, ab, seen), coding.matrix), coding).numpy()
    return codes[0], codes[1]
