"""The parts of a picture that its borders divide."""

import numpy as np
import torch
from torch import Tensor


def segment(seen: Tensor, ab: Tensor, *, smooth: float, least_area: float) -> list[np.ndarray]:
    """Divide a picture along its borders: masks, (H, W) bool, of parts with at least a share of its area.

    Args:
        seen: (1, H, W), L* in 0..100.
        ab: (2, h, w), the estimate.
        smooth: See `variants.VariantOptions`, and
        least_area: this.
    """
    import cv2

    size = tuple(seen.shape[-2:])
    fine = torch.nn.functional.interpolate(ab[None], size, mode="bilinear", align_corners=False)[0]
    lab = torch.cat((seen * 2.55, fine + 128)).clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    flat = cv2.pyrMeanShiftFiltering(lab, 8, smooth)
    left = np.zeros((size[0] + 2, size[1] + 2), np.uint8)
    masks = []
    for row, column in np.ndindex(*size):
        if left[row + 1, column + 1]:
            continue
        before = left.copy()
        step = (smooth / 4,) * 3
        area = cv2.floodFill(flat, left, (column, row), 0, step, step, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))[0]
        if area >= least_area * size[0] * size[1]:
            masks.append((left != before)[1:-1, 1:-1])
    return masks


def place_of(mask: np.ndarray) -> str:
    """Say where the middle of a mask, (H, W) bool, is: "(50 %, 50 %)", across and down."""
    rows, columns = np.nonzero(mask)
    across, down = (columns.mean() + 0.5) / mask.shape[1], (rows.mean() + 0.5) / mask.shape[0]
    return f"({100 * across:.0f} %, {100 * down:.0f} %)"
