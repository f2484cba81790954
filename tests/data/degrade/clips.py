"""Clips to degrade, and a short way to do it."""

import torch
from kornia.color import linear_rgb_to_rgb
from torch import Tensor

from temporal_colorize.data.degrade import Degradation


def clips(batch: int = 2, frames: int = 3, height: int = 48, width: int = 64) -> Tensor:
    """Smooth coloured noise that moves."""
    generator = torch.Generator().manual_seed(5)
    rgb = torch.nn.functional.interpolate(torch.rand(batch, 3, 8, 10, generator=generator), (height, width))
    return torch.stack([rgb.roll(2 * frame, -1) for frame in range(frames)], 1)


def grey(light_level: float, *shape: int) -> Tensor:
    """Clips (B, T, 3, H, W) of one linear light, coded by kornia."""
    batch, frames, height, width = shape
    coded = linear_rgb_to_rgb(torch.full((1, 3, 1, 1), light_level))
    return coded.expand(batch, 3, height, width)[:, None].repeat(1, frames, 1, 1, 1)


def degrade(rgb: Tensor, *, seed: int = 0, **options: object) -> Tensor:
    return Degradation(**options)(rgb, matrix="bt709", generator=torch.Generator().manual_seed(seed))
