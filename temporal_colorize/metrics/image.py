"""Measures of one coloured picture against the truth."""

import torch
from torch import Tensor

AUC_LIMIT = 150  # ab units, as Zhang et al. 2016


def ab_distance(ab: Tensor, truth: Tensor) -> Tensor:
    """Compute each pixel's Euclidean distance in ab units: (*, 2, H, W) twice gives (*, H, W)."""
    return (ab.float() - truth.float()).square().sum(-3).sqrt()


def accuracy_auc(distance: Tensor, weights: Tensor | None = None) -> float:
    """Compute AuC (Zhang et al. 2016): the share of pixels within t ab units of the truth, averaged over t = 0..150.

    Args:
        distance: Any shape, from `ab_distance`.
        weights: The same shape; the inverse prior of each pixel's true bin gives the class-balanced AuC.

    Returns:
        Between 0 and 100.
    """
    within = (AUC_LIMIT + 1 - distance.double().ceil()).clamp_min(0) / (AUC_LIMIT + 1)
    weights = torch.ones_like(within) if weights is None else weights.double()
    return float(100 * (within * weights).sum() / weights.sum())


def psnr(rgb: Tensor, truth: Tensor) -> float:
    """Compute the peak signal-to-noise ratio in dB of pictures in [0, 1]; infinite for equal ones."""
    return float(-10 * torch.log10((rgb.double() - truth.double()).square().mean()))


def colorfulness(rgb: Tensor) -> float:
    """Compute the colourfulness of Hasler and Süsstrunk 2003, with signed differences.

    Args:
        rgb: (3, H, W) in [0, 1]; the result is on the paper's scale, that of 0..255.
    """
    red, green, blue = (255 * rgb.double()).unbind(-3)
    yellow_blue, red_green = (red + green) / 2 - blue, red - green
    spread = torch.hypot(red_green.std(correction=0), yellow_blue.std(correction=0))
    return float(spread + 0.3 * torch.hypot(red_green.mean(), yellow_blue.mean()))
