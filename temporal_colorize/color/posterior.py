"""What a posterior over the bins says of one colour: how likely the truth is near it."""

import torch
from torch import Tensor

from temporal_colorize.color.bins import bin_centres


def probability_within(probabilities: Tensor, colour: Tensor, radius: float) -> Tensor:
    """Sum the probability of all colours within a distance of one.

    On the grid of 10 ab units a radius under about 10 is coarse: a centre is in or out as a whole.

    Args:
        probabilities: (*, 313, H, W), summing to 1 over the bins; see `color.bins.calibrated_posterior`.
        colour: (*, 2, H, W), in ab units.
        radius: In ab units, inclusive.

    Returns:
        (*, H, W) in 0..1.

    Raises:
        ValueError: If the radius is not above 0.
    """
    if not radius > 0:
        raise ValueError(f"radius={radius} must be above 0 ab units: 20 is what is usually asked")
    return (probabilities.float() * (_squared_distances(colour) <= radius**2)).sum(-3).clamp(0, 1)


def _squared_distances(colour: Tensor) -> Tensor:
    """From every bin to the colours, (*, 2, H, W): (*, 313, H, W)."""
    centres, flat = bin_centres().to(colour.device), colour.float().flatten(-2)
    with torch.autocast(colour.device.type, enabled=False):
        products = centres @ flat
    found = products.mul_(-2).add_(centres.square().sum(1)[:, None]).add_(flat.square().sum(-2, keepdim=True))
    return found.unflatten(-1, colour.shape[-2:])
