"""Brings a network's small ab to chroma resolution along the edges of luma."""

import torch
import torch.nn.functional as F
from torch import Tensor


def fit_lines(ab: Tensor, guide: Tensor, *, radius: int = 1, eps: float = 100.0) -> tuple[Tensor, Tensor]:
    """Fit a line of colours, ab = offset + slope * L*, through each low-resolution pixel.

    The slopes are those of the fast guided filter (He, Sun and Tang 2010, eq. 5; He and Sun 2015), fitted in windows
    and averaged. Its offsets are not: they would replace ab by window means, which on photographs is far worse than
    bilinear. Here every pixel's line goes through its own colour. No colour is made where ab is flat, and the lines
    are linear in ab.

    Args:
        ab: (*, 2, h, w).
        guide: (*, 1, h, w), L* in 0..100, averaged over the area of each low-resolution pixel.
        radius: windows are 2 * radius + 1 pixels wide, cut off at the border.
        eps: variance of lightness, in L* squared, below which slopes fade out.

    Returns:
        Offset and slope, each (*, 2, h, w) float32.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if ab.shape[-3] != 2 or guide.shape != (*ab.shape[:-3], 1, *ab.shape[-2:]):
        raise ValueError(f"ab {tuple(ab.shape)} and guide {tuple(guide.shape)} must be (*, 2 and 1, h, w)")
    shape = ab.shape
    ab, guide = (plane.float().reshape(-1, *plane.shape[-3:]) for plane in (ab, guide))
    slope = _window_mean(_slope(ab, guide, radius, eps), radius)
    return torch.addcmul(ab, slope, guide, value=-1).reshape(shape), slope.reshape(shape)


def guided_upsample(ab: Tensor, guide_low: Tensor, guide: Tensor, *, radius: int = 1, eps: float = 100.0) -> Tensor:
    """Bring ab to the size of a guide: bilinearly enlarged lines of `fit_lines`, read off at the guide's lightness.

    Args:
        ab: (*, 2, h, w).
        guide_low: (*, 1, h, w), and the others: see `fit_lines`.
        guide: (*, 1, H, W), L* in 0..100.
        radius: See `fit_lines`, and
        eps: this too.

    Returns:
        (*, 2, H, W), float32.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    offset, slope = fit_lines(ab, guide_low, radius=radius, eps=eps)
    if guide.shape[:-2] != guide_low.shape[:-2]:
        raise ValueError(f"guide {tuple(guide.shape)} must be {tuple(guide_low.shape[:-2])} and a height and a width")
    lines = torch.cat((offset, slope), -3).reshape(-1, 4, *ab.shape[-2:])
    lines = F.interpolate(lines, guide.shape[-2:], mode="bilinear", align_corners=False)
    result = torch.addcmul(lines[:, :2], lines[:, 2:], guide.float().reshape(-1, *guide.shape[-3:]))
    return result.reshape(*ab.shape[:-2], *guide.shape[-2:])


def _slope(ab: Tensor, guide: Tensor, radius: int, eps: float) -> Tensor:
    """Least-squares slope of a and b over the guide in each window, drawn to zero by eps."""
    guide = guide - guide.mean(dim=(-2, -1), keepdim=True)  # keeps the differences of squares below well conditioned
    planes = torch.cat((guide, guide * guide, ab, guide * ab), 1)
    mean, mean_square, mean_ab, mean_product = _window_mean(planes, radius).split((1, 1, 2, 2), 1)
    return (mean_product - mean * mean_ab) / (mean_square - mean * mean + eps)


def _window_mean(planes: Tensor, radius: int) -> Tensor:
    """Average over windows cut off at the border; shifted sums, four times as fast on a CPU as `F.avg_pool2d`."""
    count = planes.new_ones(planes.shape[-2:])
    return _window_sum(planes, radius) / _window_sum(count, radius)


def _window_sum(planes: Tensor, radius: int) -> Tensor:
    for axis in (-2, -1):
        length, total = planes.shape[axis], planes.clone()
        for step in range(1, min(radius, length - 1) + 1):
            for at, of in ((step, 0), (0, step)):
                total.narrow(axis, at, length - step).add_(planes.narrow(axis, of, length - step))
        planes = total
    return planes
