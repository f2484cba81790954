"""What training minimises: regression on ab, rebalanced classification over the bins, steadiness along known motion."""

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.metrics.temporal import warp


def regression_loss(ab: Tensor, target: Tensor, *, beta: float = 10.0) -> Tensor:
    """Compute the smooth L1 distance of ab, (*, 2, H, W) in ab units, quadratic below `beta` ab units.

    It is divided by `beta`, so that an error of `beta` on every pixel costs about one half.
    """
    return F.smooth_l1_loss(ab.float(), target.float(), beta=beta) / beta


def classification_loss(logits: Tensor, index: Tensor, share: Tensor, weights: Tensor) -> Tensor:
    """Compute Zhang et al.'s rebalanced cross-entropy (2016, eq. 2 and 3) from a sparse soft target.

    Args:
        logits: (B, 313, H, W).
        index: (B, K, H, W), the bins that share each pixel's colour, from `encode_soft`.
        share: (B, K, H, W), their shares, which sum to 1 over K.
        weights: (313,), from `rebalancing_weights`; a pixel weighs as its nearest bin does.

    Returns:
        The mean over all pixels, a scalar.
    """
    log_probabilities = torch.log_softmax(logits.float(), dim=1).gather(1, index)
    cross_entropy = -(share * log_probabilities).sum(1)
    return (weights.to(logits.device)[index[:, 0]] * cross_entropy).mean()


def temporal_loss(ab: Tensor, flow: Tensor, visible: Tensor) -> Tensor:
    """Compute how far colours move from where the known motion carries them, as mean absolute ab difference / 10.

    Args:
        ab: (B, T, 2, H, W), predicted colours in ab units.
        flow: (B, T - 1, 2, H, W), in pixels at this resolution: pixel p of frame t + 1 was at p + flow in frame t
            (x first).
        visible: (B, T - 1, 1, H, W), 1 where that point could be seen in frame t.

    Returns:
        The mean over the visible pixels, a scalar; 0 where none is visible or there is one frame only.
    """
    if ab.shape[1] < 2:
        return ab.sum() * 0
    before = warp(ab[:, :-1].flatten(0, 1).float(), flow.flatten(0, 1))
    difference = (ab[:, 1:].flatten(0, 1).float() - before).abs() * visible.flatten(0, 1)
    return difference.sum() / (2 * visible.sum()).clamp_min(1) / 10
