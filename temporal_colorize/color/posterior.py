"""What a posterior over the bins says of one colour: how likely the truth is near it, and how far off it is to be
expected."""

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
    return (probabilities.float() * (_squared_distance(colour) <= radius**2)).sum(-3).clamp(0, 1)


def expected_distance(probabilities: Tensor, colour: Tensor) -> Tensor:
    """Give the mean ab distance from a colour to the truth, as the posterior has it: (*, H, W), in ab units.

    Args:
        probabilities: See `probability_within`.
        colour: (*, 2, H, W), in ab units.
    """
    return (probabilities.float() * _squared_distance(colour).sqrt()).sum(-3)


def _squared_distance(colour: Tensor) -> Tensor:
    """From every bin to the colours, (*, 2, H, W): (*, 313, H, W)."""
    a, b = colour.float().unsqueeze(-3).unbind(-4)
    centre_a, centre_b = bin_centres().to(colour.device)[:, :, None, None].unbind(1)
    return torch.square(centre_a - a).add_(torch.square(centre_b - b))
