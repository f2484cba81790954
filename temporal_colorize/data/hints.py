"""Hints for training: what a user, a reference picture or an earlier segment may tell the network of a first frame."""

import torch
from torch import Tensor


def sample_hints(
    ab: Tensor, *, full: float, sparse: float, most_points: int, generator: torch.Generator
) -> Tensor | None:
    """Show the first frame's true colours in some clips of a batch.

    Args:
        ab: (B, T, 2, H, W), the true colours in ab units.
        full: Share of clips of which every pixel of the first frame is hinted.
        sparse: Share of clips with a few small squares hinted.
        most_points: How many squares at most.
        generator: On the CPU, so that every device draws the same hints.

    Returns:
        (B, T, 3, H, W): a, b and the mask, all zero where nothing is hinted; None if no clip has a hint.
    """
    batch, _, _, height, width = ab.shape
    mask = torch.zeros(batch, 1, height, width)
    kind = torch.rand(batch, generator=generator)
    for clip in range(batch):
        if kind[clip] < full:
            mask[clip] = 1
        elif kind[clip] < full + sparse:
            _draw_squares(mask[clip, 0], most_points, generator)
    if not mask.any():
        return None
    hints = ab.new_zeros(batch, ab.shape[1], 3, height, width)
    first = mask.to(ab.device, ab.dtype)
    hints[:, 0] = torch.cat([ab[:, 0] * first, first], dim=1)
    return hints


def _draw_squares(mask: Tensor, most_points: int, generator: torch.Generator) -> None:
    height, width = mask.shape
    count = int(torch.randint(1, most_points + 1, (), generator=generator))
    for _ in range(count):
        side = int(torch.randint(1, max(2, min(height, width) // 10), (), generator=generator))
        top = int(torch.randint(0, height - side + 1, (), generator=generator))
        left = int(torch.randint(0, width - side + 1, (), generator=generator))
        mask[top : top + side, left : left + side] = 1
