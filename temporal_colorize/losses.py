"""What training minimises: regression on ab, rebalanced classification over the bins, steadiness along known motion."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.metrics.temporal import warp
from temporal_colorize.options import require_one_of

Distance = Literal["smooth_l1", "squared", "absolute"]
_AB_SCALE = 110.0


def regression_loss(ab: Tensor, target: Tensor, *, distance: Distance = "smooth_l1", beta: float = 10.0) -> Tensor:
    """Compute the mean distance of ab, (*, 2, H, W) in ab units.

    Args:
        ab: Predicted.
        target: True.
        distance: "smooth_l1", quadratic below `beta` ab units and divided by it, so that an error of `beta` on every
            pixel costs about one half; or "squared" or "absolute", of ab / 110, as networks with ab in -1..1 take them.
        beta: See there.

    Raises:
        ValueError: If the distance is none of these.
    """
    require_one_of("loss.distance", distance, ("smooth_l1", "squared", "absolute"))
    error = ab.float() - target.float()
    if distance == "smooth_l1":
        return F.smooth_l1_loss(error, torch.zeros_like(error), beta=beta) / beta
    return (error / _AB_SCALE).square().mean() if distance == "squared" else (error / _AB_SCALE).abs().mean()


def classification_loss(
    logits: Tensor, index: Tensor, share: Tensor, weights: Tensor, pixel_weights: Tensor | None = None
) -> Tensor:
    """Compute Zhang et al.'s rebalanced cross-entropy (2016, eq. 2 and 3) from a sparse soft target.

    Args:
        logits: (B, 313, H, W).
        index: (B, K, H, W), the bins that share each pixel's colour, from `encode_soft`.
        share: (B, K, H, W), their shares, which sum to 1 over K.
        weights: (313,), from `rebalancing_weights`; a pixel weighs as its nearest bin does,
        pixel_weights: and times this, (B, H, W), if given.

    Returns:
        The mean over all pixels, a scalar.
    """
    log_probabilities = torch.log_softmax(logits.float(), dim=1).gather(1, index)
    cross_entropy = -(share * log_probabilities).sum(1)
    cross_entropy = weights.to(logits.device)[index[:, 0]] * cross_entropy
    return (cross_entropy if pixel_weights is None else pixel_weights * cross_entropy).mean()


def temporal_loss(ab: Tensor, flow: Tensor, visible: Tensor, seen: Tensor | None = None) -> Tensor:
    """Compute how far colours move from where the known motion carries them, as mean absolute ab difference / 10.

    Args:
        ab: (B, T, 2, H, W), predicted colours in ab units, of any resolution: they are brought to that of the flow.
        flow: (B, T - 1, 2, h, w), in its own pixels: pixel p of frame t + 1 was at p + flow in frame t (x first).
        visible: (B, T - 1, 1, h, w), 1 where that point could be seen in frame t.
        seen: The sum of `visible` to divide by, where these clips are part of a larger batch: its mean over all parts.

    Returns:
        The mean over the visible pixels, a scalar; 0 where none is visible or there is one frame only.
    """
    if ab.shape[1] < 2:
        return ab.sum() * 0
    ab = resized(ab, flow.shape[-2:])
    before = warp(ab[:, :-1].flatten(0, 1).float(), flow.flatten(0, 1))
    difference = (ab[:, 1:].flatten(0, 1).float() - before).abs() * visible.flatten(0, 1)
    return difference.sum() / (2 * (visible.sum() if seen is None else seen)).clamp_min(1) / 10


def resized(planes: Tensor, size: torch.Size) -> Tensor:
    """Average planes, (B, T, C, H, W), over the pixels of a smaller size, or interpolate them to a larger one."""
    if planes.shape[-2:] == size:
        return planes
    mode = {"mode": "area"} if planes.shape[-1] > size[-1] else {"mode": "bilinear", "align_corners": False}
    return F.interpolate(planes.flatten(0, 1).float(), size, **mode).unflatten(0, planes.shape[:2])
