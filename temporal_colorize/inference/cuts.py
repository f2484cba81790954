"""Finds cuts."""

from torch import Tensor
from torch.nn import functional as F


class CutDetector:
    """Finds cuts from what has been seen so far, never looking ahead.

    A cut is a frame whose coarse picture differs from the one before it by more than `threshold`: a new scene, a
    camera that jumps, or one that switches to its infrared lamp. Motion moves a coarse picture far less.

    Args:
        threshold: Mean absolute difference of L* (0..100) between coarse pictures.
    """

    CARRIED = ("_last",)
    _CELLS = (9, 16)

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._last: Tensor | None = None

    def __call__(self, lightness: Tensor) -> bool:
        """Take the next frame, (1, H, W); True if it starts a new scene. The first frame does not count as a cut."""
        coarse = F.adaptive_avg_pool2d(lightness, self._CELLS)
        last, self._last = self._last, coarse
        return last is not None and float((coarse - last).abs().mean()) > self.threshold
