"""Measures of one coloured picture against the truth."""

import functools
import math

import cv2
import torch
from torch import Tensor

AUC_LIMIT = 150  # ab units, as Zhang et al. 2016
_WINDOW = 11  # pixels, of the structural similarity


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


def ssim(rgb: Tensor, truth: Tensor) -> float:
    """Compute the structural similarity of Wang et al. 2004, 1 for equal pictures, as the mean over the channels.

    Gaussian window of 11 pixels with sigma 1.5, K1 = 0.01 and K2 = 0.03; the 5 pixels at each border, where the window
    does not fit, are left out. A grey picture of the right luma already scores high: print its row beside.

    Args:
        rgb: (3, H, W) in [0, 1].
        truth: The same.

    Raises:
        ValueError: If the shapes differ or a side is shorter than the window.
    """
    if rgb.shape != truth.shape or rgb.ndim != 3 or min(rgb.shape[1:]) < _WINDOW:
        raise ValueError(
            f"SSIM compares two (3, H, W) pictures of at least {_WINDOW} pixels a side; "
            f"got {tuple(rgb.shape)} and {tuple(truth.shape)}"
        )
    # About mid-grey, or float32 would lose digits in the variances; OpenCV, as PyTorch's small convolutions are slow.
    x, y = ((picture.float() - 0.5).permute(1, 2, 0).contiguous().cpu().numpy() for picture in (rgb, truth))
    mean = functools.partial(cv2.GaussianBlur, ksize=(_WINDOW, _WINDOW), sigmaX=1.5)
    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x + y * y) - mean_x**2 - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
    means_alike = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    structure_alike = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    inside = slice(_WINDOW // 2, -(_WINDOW // 2))
    return float((means_alike * structure_alike)[inside, inside].mean())


def colorfulness(rgb: Tensor) -> float:
    """Compute the colourfulness of Hasler and Süsstrunk 2003, with signed differences.

    Args:
        rgb: (3, H, W) in [0, 1]; the result is on the paper's scale, that of 0..255.
    """
    red, green, blue = (255 * rgb.double()).unbind(-3)
    yellow_blue, red_green = (red + green) / 2 - blue, red - green
    spread = torch.hypot(red_green.std(correction=0), yellow_blue.std(correction=0))
    return float(spread + 0.3 * torch.hypot(red_green.mean(), yellow_blue.mean()))
