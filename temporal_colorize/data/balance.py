"""Another white balance for a clip: what a camera makes of its lamps is its own, and cannot be read off its luma.

A network that has seen a hundred cameras a thousand times each learns their casts by heart, and gives them to cameras
that it has never seen.
"""

import numpy as np
import torch

from temporal_colorize.data.degrade.light import to_coded, to_linear

_LUMA = np.array([0.2126, 0.7152, 0.0722])  # of linear red, green and blue (Rec. 709)


def rebalance(frames: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Multiply linear red, green and blue by one gain each; what goes beyond white is clipped.

    Args:
        frames: (T, 3, H, W) uint8 sRGB.
        gains: (3,), above 0.

    Returns:
        Like frames.
    """
    linear = to_linear(torch.arange(256) / 255)
    tables = (255 * to_coded(torch.outer(torch.from_numpy(gains).float(), linear))).round().byte().numpy()
    return np.stack([tables[channel][frames[:, channel]] for channel in range(3)], axis=1)


def random_gains(deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Draw gains, (3,), whose logarithms have this standard deviation, and under which grey keeps its luma."""
    gains = np.exp(rng.normal(0, deviation, 3))
    return gains / (gains @ _LUMA)
