"""Another white balance for a clip: what a camera makes of its lamps is its own, and cannot be read off its luma.

A network that has seen a hundred cameras a thousand times each learns their casts by heart, and gives them to cameras
that it has never seen.
"""

import numpy as np

_LUMA = np.array([0.2126, 0.7152, 0.0722])  # of linear red, green and blue (Rec. 709)


def rebalance(frames: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Multiply linear red, green and blue by one gain each; what goes beyond white is clipped.

    Args:
        frames: (T, 3, H, W) uint8 sRGB.
        gains: (3,), above 0.

    Returns:
        Like frames.
    """
    codes = np.arange(256) / 255
    linear = np.where(codes > 0.04045, ((codes + 0.055) / 1.055) ** 2.4, codes / 12.92)
    light = np.outer(gains, linear).clip(0, 1)
    coded = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, light * 12.92)
    tables = (255 * coded).round().astype(np.uint8)
    return np.stack([tables[channel][frames[:, channel]] for channel in range(3)], axis=1)


def random_gains(deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Draw gains, (3,), whose logarithms have this standard deviation, and under which grey keeps its luma."""
    gains = np.exp(rng.normal(0, deviation, 3))
    return gains / (gains @ _LUMA)
