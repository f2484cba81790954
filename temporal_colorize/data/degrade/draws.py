"""The strengths of a degradation: what may be asked for, and what each clip draws."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.options import require_number, require_one_of

Strength = float | Sequence[float]

# The options of each step, in the order of the chain; `chance` goes by these names.
STEPS: dict[str, tuple[str, ...]] = {
    "spectral_mix": ("spectral_mix",),
    "infrared": ("infrared",),
    "lamp": ("lamp", "lamp_peak", "lamp_offset"),
    "vignette": ("vignette",),
    "blur_sigma": ("blur_sigma",),
    "interlace": ("interlace",),
    "low_light": ("exposure", "peak_electrons", "read_noise", "gain"),
    "timestamp": ("timestamp",),
    "bits": ("bits",),
    "jpeg_quality": ("jpeg_quality",),
    "h264_crf": ("h264_crf",),
}
# Those that make a clip go through linear light.
LIGHT_OPTIONS = ("spectral_mix", "infrared", "lamp", "vignette", "blur_sigma", "interlace", *STEPS["low_light"])
_LIMITS: dict[str, tuple[float, float]] = {
    "spectral_mix": (0.1, 1000),
    "infrared": (0, 1),
    "lamp": (0, 100),
    "lamp_peak": (0.01, 100),
    "lamp_offset": (0, 2),
    "vignette": (0, 100),
    "blur_sigma": (0, 50),
    "interlace": (-1000, 1000),
    "exposure": (0.001, 1),
    "peak_electrons": (1, 1e6),
    "read_noise": (0, 1),
    "gain": (0.01, 100),
    "timestamp": (0.01, 0.5),
    "bits": (1, 16),
    "jpeg_quality": (1, 100),
    "h264_crf": (0, 51),
}


def as_ranges(strengths: Mapping[str, Strength | None]) -> dict[str, tuple[float, float]]:
    """Check strengths and make a (low, high) of each that is not None.

    Raises:
        ValueError: If one is unknown, out of its limits, or a range that is no [low, high].
    """
    for option in strengths:
        require_one_of("degrade option", option, _LIMITS)
    return {option: _as_range(option, value) for option, value in strengths.items() if value is not None}


def _as_range(option: str, value: Strength) -> tuple[float, float]:
    ends = [value, value] if isinstance(value, int | float) else value
    least, most = _LIMITS[option]
    if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
        raise ValueError(f"degrade.{option}={value} must be a number, [low, high] or null")
    for end in ends:
        require_number(f"degrade.{option}", end, least=least, most=most)
    if ends[0] > ends[1]:
        raise ValueError(f"degrade.{option}={value} must have its lower end first: [{ends[1]}, {ends[0]}]")
    return float(ends[0]), float(ends[1])


def as_chances(chance: float | Mapping[str, float]) -> dict[str, float]:
    """Make a chance for every step of one number, or of a mapping in which a step that is not named has chance 1.

    Raises:
        ValueError: If a step is unknown or a chance is not within 0..1.
    """
    if not isinstance(chance, Mapping):
        require_number("degrade.chance", chance, least=0, most=1)
        return dict.fromkeys(STEPS, chance)
    for step, value in chance.items():
        require_one_of("a step in degrade.chance", step, STEPS)
        require_number(f"degrade.chance.{step}", value, least=0, most=1)
    return dict.fromkeys(STEPS, 1.0) | dict(chance)


def as_weights(spectral_mean: Sequence[float]) -> np.ndarray:
    """Check three weights above 0 and bring their sum to 1: (3,)."""
    if not isinstance(spectral_mean, Sequence) or len(spectral_mean) != 3:
        raise ValueError(f"degrade.spectral_mean={spectral_mean} must be [red, green, blue]")
    for weight in spectral_mean:
        require_number("degrade.spectral_mean", weight, least=1e-6)
    return np.array(spectral_mean) / sum(spectral_mean)


def draw_strengths(
    ranges: Mapping[str, tuple[float, float]], chances: Mapping[str, float], rng: np.random.Generator
) -> dict[str, float]:
    """Draw which steps are on for one clip, and how strong: even within the range, electrons even in the logarithm."""
    drawn = {}
    for step, options in STEPS.items():
        on = rng.random() < chances[step]
        for option in options:
            place = rng.random()  # always, so that switching one step off leaves the others as they were
            if on and option in ranges:
                low, high = ranges[option]
                if option == "peak_electrons":
                    drawn[option] = float(low ** (1 - place) * high**place)
                else:
                    drawn[option] = low + (high - low) * place
    return drawn


class Draws:
    """What every clip of a batch drew; none of it changes within a clip.

    Args:
        strengths: For each clip the options that are on.
        rngs: For each clip the source of what strengths do not say: weights, places, texts.
        device: Of the columns.
    """

    def __init__(
        self, strengths: list[dict[str, float]], rngs: list[np.random.Generator], device: torch.device
    ) -> None:
        self.strengths, self.rngs, self.device = strengths, rngs, device

    def on(self, *options: str) -> list[int]:
        """Numbers of the clips that have at least one of the options."""
        return [clip for clip, drawn in enumerate(self.strengths) if any(option in drawn for option in options)]

    def of(self, clips: Sequence[int]) -> "Draws":
        """Those of some clips only."""
        return Draws([self.strengths[clip] for clip in clips], [self.rngs[clip] for clip in clips], self.device)

    def column(self, option: str, default: float | None = None) -> Tensor:
        """One option of all clips, (B, 1, 1, 1, 1)."""
        return self.tensor([drawn.get(option, default) for drawn in self.strengths])

    def tensor(self, values: object) -> Tensor:
        """One value a clip, or one row of values, as (B, 1 or n, 1, 1, 1) float32."""
        array = np.asarray(values, np.float32)
        return torch.from_numpy(array).reshape(len(array), -1, 1, 1, 1).to(self.device)
