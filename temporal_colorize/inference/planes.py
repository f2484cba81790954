"""From a luma plane to what the network sees, and from its ab back to the size of luma."""

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import (
    ChromaCoding,
    ab_to_chroma,
    chroma_to_rgb,
    lightness_from_luma,
    lightness_table,
)
from temporal_colorize.color.standards import Matrix
from temporal_colorize.inference.upsample import guided_upsample


def shrink(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """Average, or where it is smaller enlarge bilinearly, a plane of codes, (H, W), to (height, width)."""
    import cv2

    if plane.shape == (height, width):
        return plane
    while (
        not any(length % 2 for length in plane.shape) and plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width
    ):
        plane = cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA)
    smaller = height * width < plane.size
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def enlarge(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring a plane, (h, w) of codes or shares, to (height, width), bilinearly."""
    import cv2

    return plane if plane.shape == shape else cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR)


FULL_RANGE = ChromaCoding("bt601", full_range=True, bit_depth=8)  # of an 8-bit picture file


def see(plane: np.ndarray, size: tuple[int, int], coding: ChromaCoding = FULL_RANGE) -> Tensor:
    """Return the L*, (1, height, width), that a network sees of a luma plane, (H, W) of codes."""
    return lightness_of(shrink(plane, *size), coding)


def lightness_of(codes: np.ndarray, coding: ChromaCoding) -> Tensor:
    """Return the L*, (1, H, W), of luma codes, (H, W)."""
    return torch.from_numpy(lightness_table(coding)[codes])[None]


def render(luma: Tensor, ab: Tensor, matrix: Matrix = "bt601") -> Tensor:
    """Return the RGB, (*, 3, H, W) in [0, 1], of luma, (*, 1, H, W) in 0..1, and ab of one size, luma held constant."""
    return chroma_to_rgb(luma, ab_to_chroma(luma, ab, matrix), matrix)


def ab_at(luma: Tensor, ab: Tensor, seen: Tensor) -> Tensor:
    """Bring ab, (2, h, w), to the size of luma, (1, H, W) of Y' in 0..1, along its edges: (2, H, W).

    `seen` is the L* that the network saw, (1, H0, W0).
    """
    low = torch.nn.functional.interpolate(seen[None], ab.shape[-2:], mode="area")[0]
    return guided_upsample(ab, low, lightness_from_luma(luma))
