"""One object, one colour: how much ab varies inside regions whose true colour is uniform."""

import cv2
import numpy as np
import torch
from torch import Tensor


def uniform_regions(
    true_ab: Tensor,
    *,
    step: float = 4.0,
    radius: float = 6.0,
    least_chroma: float = 8.0,
    least_share: float = 0.002,
) -> Tensor:
    """Find the regions of a truth that have one colour, and one that is not grey.

    The truth is smoothed by a 3x3 median against noise. A pixel is uniform where neither a nor b varies by more than
    `step` in the 3x3 pixels around; uniform pixels that touch by an edge form a region; of it those pixels stay
    whose ab lies within `radius` of the region's mean, so that a slow gradient is cut and not taken for one colour.
    What is then too small or too grey is dropped. Only the truth decides: every result is measured in the same places.

    Args:
        true_ab: (2, H, W), in ab units.
        step: In ab units.
        radius: In ab units.
        least_chroma: Distance of a region's mean ab from grey, or grey roads and walls would fill the measure.
        least_share: Smallest region, as a share of the picture.

    Returns:
        (H, W) int64 on the CPU: 0 outside every region, else 1, 2, ... A picture may have none.

    Raises:
        ValueError: If the shape is not (2, H, W).
    """
    if true_ab.ndim != 3 or true_ab.shape[0] != 2:
        raise ValueError(f"true_ab must be (2, H, W); got {tuple(true_ab.shape)}")
    ab = true_ab.float().permute(1, 2, 0).contiguous().cpu().numpy()
    smooth = cv2.medianBlur(ab, 3)
    window = np.ones((3, 3), np.uint8)
    uniform = (cv2.dilate(smooth, window) - cv2.erode(smooth, window) <= step).all(axis=2)
    count, labels = cv2.connectedComponents(uniform.astype(np.uint8), connectivity=4)
    mean = _means(smooth, labels, count)[0]
    labels[np.square(smooth - mean[labels]).sum(axis=2) > radius**2] = 0
    mean, area = _means(smooth, labels, count)
    kept = (area >= least_share * labels.size) & (np.hypot(*mean.T) >= least_chroma)
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0)
    return torch.from_numpy(numbers[labels].astype(np.int64))


def region_spread(ab: Tensor, labels: Tensor) -> tuple[float, float]:
    """Measure how far ab lies from its own mean inside each region, whatever that mean is.

    A picture that is one colour everywhere, grey for one, has no spread at all: read it beside the colourfulness.

    Args:
        ab: (2, H, W), in ab units, of a result or of the truth.
        labels: (H, W), from `uniform_regions` of the truth.

    Returns:
        The sum over the regions of area times root mean square distance in ab units, and the sum of the areas in
        pixels; both 0 where there is no region. Add them up over pictures, then divide.

    Raises:
        ValueError: If the shapes do not fit each other.
    """
    if ab.ndim != 3 or ab.shape[0] != 2 or ab.shape[1:] != labels.shape:
        raise ValueError(f"ab {tuple(ab.shape)} must be (2, H, W) of labels {tuple(labels.shape)}")
    planes = ab.float().permute(1, 2, 0).contiguous().cpu().numpy()
    numbers = labels.cpu().numpy()
    count = int(numbers.max(initial=0)) + 1
    mean, area = _means(planes, numbers, count)
    squares = np.square(planes - mean[numbers]).sum(axis=2)
    total = np.bincount(numbers.ravel(), squares.ravel(), minlength=count)
    return float(np.sqrt(area[1:] * total[1:]).sum()), float(area[1:].sum())


def _means(planes: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Average (H, W, 2) over each label: (count, 2), and each label's number of pixels, (count,), both float64."""
    flat = labels.ravel()
    area = np.bincount(flat, minlength=count).astype(np.float64)
    sums = [np.bincount(flat, plane, minlength=count) for plane in planes.reshape(-1, 2).T]
    return np.stack(sums, axis=1) / np.maximum(area, 1)[:, None], area
