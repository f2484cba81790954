"""The gradient prior of Yao and Xia, "Deep Colorization for Surveillance Images": edges count more than flat walls."""

import torch
from kornia.filters import spatial_gradient
from torch import Tensor

from temporal_colorize.options import require_number

_STEEPEST = 100 * 20**0.5 / 8  # a picture of 0 and 100 under a Sobel filter that sums to 8: at most (4, 2) / 8


@torch.no_grad()
def gradient_weights(lightness: Tensor, *, bins: int = 64, sigma: float = 2.0, uniform: float = 0.5) -> Tensor:
    """Weigh each pixel of a batch by how rare the steepness of its gradient is among all of the batch.

    The paper could not be had here. Known of it: the probability distribution of image gradients, smoothed by a
    Gaussian kernel, gives each pixel's weight in the cross-entropy. It leaves open, or we could not read: the gradient
    (here Sobel's, in L* a pixel), the bins (here equal ones from none to the steepest that there can be, 55.9), over
    what the distribution is taken (here the batch), and how a probability p becomes a weight: here as in Zhang et al.
    2016, eq. 4, for colours, 1 / ((1 - uniform) * p + uniform / bins), scaled to a mean of 1 over the pixels. All three
    numbers are ours.

    Args:
        lightness: (B, T, 1, h, w), L* in 0..100, at the resolution of the logits whose loss is weighed.
        bins: Of the histogram.
        sigma: Width of the Gaussian by which the histogram is smoothed, in bins; 0 for none.
        uniform: Share of the uniform distribution mixed in; 1 gives all pixels the weight 1.

    Returns:
        (B, T, 1, h, w) float32, mean 1, without a gradient.

    Raises:
        ValueError: If there are fewer than 2 bins, sigma is negative, or uniform is outside 0..1.
    """
    require_number("bins", bins, least=2)
    require_number("sigma", sigma, least=0)
    require_number("uniform", uniform, least=0, most=1)
    index = (_steepness(lightness) * (bins / _STEEPEST)).long().clamp_max(bins - 1)
    share = torch.bincount(index.flatten(), minlength=bins) / index.numel()
    weights = 1 / ((1 - uniform) * _smooth(share, sigma) + uniform / bins)
    weights = weights[index]
    return weights / weights.mean()


def _steepness(lightness: Tensor) -> Tensor:
    """Compute how much L* changes a pixel, (B, T, 1, h, w): half the step at a straight edge; borders are repeated."""
    with torch.autocast(lightness.device.type, enabled=False):  # bfloat16 knows L* to 0.25 only
        slopes = spatial_gradient(lightness.flatten(0, 1).float(), mode="sobel")  # (B * T, 1, 2, h, w)
    return slopes.norm(dim=2).unflatten(0, lightness.shape[:2])


def _smooth(share: Tensor, sigma: float) -> Tensor:
    """Spread each bin's share over its neighbours; none is lost beyond the ends."""
    number = torch.arange(len(share), device=share.device, dtype=share.dtype)
    kernel = torch.exp(-(number[:, None] - number).square() / (2 * max(sigma, 1e-3) ** 2))
    return (kernel / kernel.sum(0) * share).sum(1)  # no matrix product, which autocast would make in bfloat16
