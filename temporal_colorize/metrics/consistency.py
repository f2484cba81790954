"""Colour distribution consistency (CDC): how alike the colour histograms of nearby frames are, wherever things move."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

_BINS = 256


def color_distribution_consistency(frames: Iterable[Tensor], *, gaps: Sequence[int] = (1, 2, 4)) -> float:
    """Compute the CDC of a clip as published (TCVC, Liu et al. 2021): lower is steadier.

    The Jensen-Shannon divergence (natural logarithm) of the histograms of R, of G and of B, 256 bins each, of frames
    `gap` apart; the mean over such pairs, then over channels and gaps. Luma and motion make most of it: a video left
    grey scores as the truth does, so read it beside `ab_distribution_consistency` and the rows of grey and truth.

    Args:
        frames: Each (3, H, W), RGB in [0, 1]. Only their histograms are kept, so a generator serves.
        gaps: Distances in frames.

    Raises:
        ValueError: If a gap is not positive or no two frames are as far apart as the largest.
    """
    return _consistency(frames, lambda rgb: 255 * rgb, gaps)


def ab_distribution_consistency(frames: Iterable[Tensor], *, gaps: Sequence[int] = (1, 2, 4)) -> float:
    """Compute the same of a and b alone; a video left grey scores 0.

    256 bins of one ab unit, centred on the whole numbers -128..127: with an edge at 0 the rounding errors of grey
    would fall on both its sides.

    Args:
        frames: Each (2, H, W), in ab units.
        gaps: See `color_distribution_consistency`.

    Raises:
        ValueError: See `color_distribution_consistency`.
    """
    return _consistency(frames, lambda ab: ab + 128, gaps)


def _consistency(frames: Iterable[Tensor], scale: Callable[[Tensor], Tensor], gaps: Sequence[int]) -> float:
    histograms = [_histograms(scale(frame.float())) for frame in frames]
    if not gaps or min(gaps) < 1 or len(histograms) <= max(gaps):
        raise ValueError(
            f"gaps={tuple(gaps)} must be positive and smaller than the clip, which has {len(histograms)} frames: "
            "leave the clip out, or choose smaller gaps"
        )
    clip = torch.stack(histograms)
    return float(torch.stack([_divergence(clip[:-gap], clip[gap:]).mean() for gap in gaps]).mean())


def _histograms(values: Tensor) -> Tensor:
    """Count each channel of (C, H, W) in 0..255 by its nearest whole number: (C, 256) float64, each row sums to 1."""
    channels = values.shape[0]
    index = values.round().clamp(0, _BINS - 1).long().flatten(1)
    index = index + _BINS * torch.arange(channels, device=index.device)[:, None]
    counts = torch.bincount(index.flatten(), minlength=channels * _BINS).reshape(channels, _BINS).cpu()
    return counts.double() / counts.sum(dim=1, keepdim=True)


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """Compute the Jensen-Shannon divergence over the last dimension, as the mixture's entropy over the mean entropy."""
    entropy = torch.special.entr
    return (entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2).sum(-1).clamp_min(0)
