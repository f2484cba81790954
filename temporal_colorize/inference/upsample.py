"""Brings a network's small ab to chroma resolution along the edges of luma."""

import torch
import torch.nn.functional as F
from torch import Tensor


def guided_upsample(ab: Tensor, guide_low: Tensor, guide: Tensor, *, radius: int = 1, eps: float = 100.0) -> Tensor:
    """Upsample ab bilinearly and add what the lightness that bilinear upsampling loses says about colour.

    The slopes of ab over lightness are those of the fast guided filter (He, Sun and Tang 2010, eq. 5; He and Sun 2015),
    fitted in windows at the low resolution and averaged. Its offsets are not: they would replace ab by window means,
    which on photographs is far worse than bilinear. Here every low-resolution pixel keeps its own ab. No colour is made
    where ab is flat, and the result is linear in ab.

    Args:
        ab: (*, 2, h, w).
        guide_low: (*, 1, h, w), the guide averaged over the area of each low-resolution pixel.
        guide: (*, 1, H, W), L* in 0..100.
        radius: windows are 2 * radius + 1 pixels wide, cut off at the border.
        eps: variance of lightness, in L* squared, below which slopes fade out.

    Returns:
        (*, 2, H, W), float32.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if ab.shape[-3] != 2 or guide_low.shape != (*ab.shape[:-3], 1, *ab.shape[-2:]):
        raise ValueError(f"ab {tuple(ab.shape)} and guide_low {tuple(guide_low.shape)} must be (*, 2 and 1, h, w)")
    if guide.shape[:-2] != guide_low.shape[:-2]:
        raise ValueError(f"guide {tuple(guide.shape)} must be {tuple(guide_low.shape[:-2])} and a height and a width")
    leading, size = ab.shape[:-3], guide.shape[-2:]
    ab, guide_low, guide = (plane.float().reshape(-1, *plane.shape[-3:]) for plane in (ab, guide_low, guide))
    slope = _window_mean(_slope(ab, guide_low, radius, eps), radius)
    smooth = F.interpolate(torch.cat((ab, slope, guide_low), 1), size, mode="bilinear", align_corners=False)
    result = torch.addcmul(smooth[:, :2], smooth[:, 2:4], guide - smooth[:, 4:])
    return result.reshape(*leading, 2, *size)


def _slope(ab: Tensor, guide: Tensor, radius: int, eps: float) -> Tensor:
    """Least-squares slope of a and b over the guide in each window, drawn to zero by eps."""
    guide = guide - guide.mean(dim=(-2, -1), keepdim=True)  # keeps the differences of squares below well conditioned
    planes = torch.cat((guide, guide * guide, ab, guide * ab), 1)
    mean, mean_square, mean_ab, mean_product = _window_mean(planes, radius).split((1, 1, 2, 2), 1)
    return (mean_product - mean * mean_ab) / (mean_square - mean * mean + eps)


def _window_mean(planes: Tensor, radius: int) -> Tensor:
    return F.avg_pool2d(planes, 2 * radius + 1, stride=1, padding=radius, count_include_pad=False)
