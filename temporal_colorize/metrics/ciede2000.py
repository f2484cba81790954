"""CIEDE2000, the colour difference that CIE recommends, after Sharma, Wu and Dalal 2005."""

import math

import torch
from torch import Tensor

_TURN = 2 * math.pi


def ciede2000(lab: Tensor, truth: Tensor) -> Tensor:
    """Compute each pixel's CIEDE2000 difference with k_L = k_C = k_H = 1; about 1 is just noticeable side by side.

    Args:
        lab: (*, 3, H, W), L* in 0..100, a and b, of D65.
        truth: The same shape.

    Returns:
        (*, H, W), float64 if an input is, else float32.

    Raises:
        ValueError: If the shapes differ or are not those of Lab.
    """
    if lab.shape != truth.shape or lab.ndim < 3 or lab.shape[-3] != 3:
        raise ValueError(f"CIEDE2000 compares two (*, 3, H, W); got {tuple(lab.shape)} and {tuple(truth.shape)}")
    dtype = torch.float64 if torch.float64 in (lab.dtype, truth.dtype) else torch.float32
    lightness_1, a_1, b_1 = lab.to(dtype).unbind(-3)
    lightness_2, a_2, b_2 = truth.to(dtype).unbind(-3)
    # Equations 2 to 7: a is stretched near grey, then chroma and hue are taken.
    stretch = 1.5 - 0.5 * _near_one_for_vivid((torch.hypot(a_1, b_1) + torch.hypot(a_2, b_2)) / 2)
    a_1, a_2 = a_1 * stretch, a_2 * stretch
    chroma_1, chroma_2 = torch.hypot(a_1, b_1), torch.hypot(a_2, b_2)
    hue_step, mean_hue = _hues(torch.atan2(b_1, a_1), torch.atan2(b_2, a_2))
    # Equations 8 to 11: the three differences.
    lightness_step = lightness_2 - lightness_1
    chroma_step = chroma_2 - chroma_1
    hue_distance = 2 * torch.sqrt(chroma_1 * chroma_2) * torch.sin(hue_step / 2)
    # Equations 12 to 22: each is divided by how coarsely the eye sees it there.
    mean_chroma = (chroma_1 + chroma_2) / 2
    from_middle = ((lightness_1 + lightness_2) / 2 - 50).square()
    lightness_step = lightness_step / (1 + 0.015 * from_middle / torch.sqrt(20 + from_middle))
    chroma_step = chroma_step / (1 + 0.045 * mean_chroma)
    hue_distance = hue_distance / (1 + 0.015 * mean_chroma * _hue_weight(mean_hue))
    squares = lightness_step.square() + chroma_step.square() + hue_distance.square()
    rotated = squares + _rotation(mean_hue, mean_chroma) * chroma_step * hue_distance
    return rotated.clamp_min(0).sqrt()


def _near_one_for_vivid(chroma: Tensor) -> Tensor:
    """Compute sqrt(C^7 / (C^7 + 25^7))."""
    square = chroma.square()
    seventh = square * square * square * chroma
    return torch.sqrt(seventh / (seventh + 25.0**7))


def _hues(hue_1: Tensor, hue_2: Tensor) -> tuple[Tensor, Tensor]:
    """Give the step from the first hue to the second, the short way round, and their mean (equations 10 and 14).

    Beside a colour without hue the paper takes another mean; but there the hue distance is 0, so neither counts.
    """
    hue_1, hue_2 = (torch.where(hue < 0, hue + _TURN, hue) for hue in (hue_1, hue_2))
    step, total = hue_2 - hue_1, hue_1 + hue_2
    round_zero = step.abs() > math.pi
    mean = torch.where(round_zero, total / 2 + math.pi, total / 2)  # only used in terms that repeat each turn
    step = torch.where(round_zero, step - _TURN * step.sign(), step)
    return step, mean.remainder(_TURN)


def _hue_weight(hue: Tensor) -> Tensor:
    """Compute T (equation 15)."""
    return (
        1
        - 0.17 * torch.cos(hue - math.radians(30))
        + 0.24 * torch.cos(2 * hue)
        + 0.32 * torch.cos(3 * hue + math.radians(6))
        - 0.20 * torch.cos(4 * hue - math.radians(63))
    )


def _rotation(hue: Tensor, chroma: Tensor) -> Tensor:
    """Compute R_T (equations 16, 17 and 21), which turns the ellipses of blue colours."""
    from_blue = (hue - math.radians(275)) / math.radians(25)
    angle = math.radians(60) * torch.exp(-from_blue.square())
    return -2 * _near_one_for_vivid(chroma) * torch.sin(angle)
