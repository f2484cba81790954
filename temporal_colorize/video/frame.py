"""A picture with its time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from temporal_colorize.video.origins import Origin


@dataclass(frozen=True, eq=False)
class Frame:
    """The luma of one picture and when it is shown.

    Attributes:
        luma: (H, W), read-only: uint8 for 8 bits, else uint16 in native depth (0..1023 for 10 bits). In the range and
            matrix that ``VideoInfo`` names. From a reader it is the decoder's own memory, which stays as it is for as
            long as the array lives; each of its lines is contiguous, the whole need not be.
        pts: presentation time in units of ``time_base``; strictly increasing along a file.
        time_base: seconds per unit.
        duration: how long it is shown, in units of ``time_base``; 0 if the file does not say.
        origin: which picture of the source it is; None for what does not come of a file.
    """

    luma: np.ndarray
    pts: int
    time_base: Fraction
    duration: int = 0
    origin: Origin | None = None

    @property
    def time(self) -> float:
        """Presentation time in seconds."""
        return float(self.pts * self.time_base)

    def __repr__(self) -> str:
        height, width = self.luma.shape
        return f"Frame({width}x{height} {self.luma.dtype}, time={self.time:.3f})"
