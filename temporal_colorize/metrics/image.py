"""Measures of one coloured picture against the truth."""

import math

import torch
from torch import Tensor

AUC_LIMIT = 150  # ab units, as Zhang et al. 2016


def ab_distance(ab: Tensor, truth: Tensor) -> Tensor:
    """Compute each pixel's Euclidean distance in ab units: (*, 2, H, W) twice gives (*, H, W)."""
    return (ab.float() - truth.float()).square().sum(-3).sqrt()


def accuracy(distance: Tensor) -> Tensor:
    """Give each pixel's part in the AuC (Zhang et al. 2016): over how many of t = 0..150 it is within t of the truth.

    Their mean over all pixels of a set is the raw AuC; their mean weighted by the inverse prior of each pixel's true
    bin is the class-balanced one. Both means are over all pixels together, never over pictures.

    Args:
        distance: Any shape, from `ab_distance`.

    Returns:
        The same shape, float64 in 0..100.
    """
    return 100 * (AUC_LIMIT + 1 - distance.double().ceil()).clamp_min(0) / (AUC_LIMIT + 1)


def psnr(mean_squared_error: float) -> float:
    """Turn the mean squared error of pictures in [0, 1] into dB; infinite for 0."""
    return -10 * math.log10(mean_squared_error) if mean_squared_error else math.inf


def colorfulness(rgb: Tensor) -> float:
    """Compute the colourfulness of Hasler and Süsstrunk 2003, with signed differences.

    Args:
        rgb: (3, H, W) in [0, 1]; the result is on the paper's scale, that of 0..255.
    """
    red, green, blue = (255 * rgb.double()).unbind(-3)
    yellow_blue, red_green = (red + green) / 2 - blue, red - green
    spread = torch.hypot(red_green.std(correction=0), yellow_blue.std(correction=0))
    return float(spread + 0.3 * torch.hypot(red_green.mean(), yellow_blue.mean()))
