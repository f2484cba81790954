"""How much less is wrong where a confidence is high: the risk-coverage curve."""

import torch
from torch import Tensor

_LEVELS = 1000  # of confidence; pixels within one are taken in no order


class RiskCoverage:
    """Mean error over the surest share of all pixels, by that share (El-Yaniv and Wiener 2010), added up in batches."""

    def __init__(self) -> None:
        self._sums = torch.zeros(2, _LEVELS, dtype=torch.float64)  # pixels and errors, by confidence

    def add(self, confidence: Tensor, error: Tensor) -> None:
        """Count pixels.

        Args:
            confidence: Any shape, in 0..1.
            error: The same shape, not negative.
        """
        level = (confidence.flatten().double() * _LEVELS).long().clamp(0, _LEVELS - 1)
        for row, values in zip(self._sums, (torch.ones_like(level), error.flatten()), strict=True):
            row += torch.bincount(level, values.double(), minlength=_LEVELS)

    def merge(self, other: "RiskCoverage") -> None:
        """Add all that another one has counted."""
        self._sums = self._sums + other._sums

    def risk(self, coverage: float) -> float:
        """Return the mean error over the surest pixels that make up this share, above 0, of all; NaN without any."""
        pixels, errors = self._sums.flip(1).cumsum(1)
        wanted = coverage * pixels[-1]
        last = int((pixels < wanted).sum().clamp(max=_LEVELS - 1))
        before = (pixels[last - 1], errors[last - 1]) if last else (torch.zeros(()), torch.zeros(()))
        part = (wanted - before[0]) / (pixels[last] - before[0])  # of the last level, of which any pixels may be taken
        return float((before[1] + part * (errors[last] - before[1])) / wanted)

    def ratio(self, coverage: float = 0.5) -> float:
        """Return the risk at a coverage as a share of that at full coverage."""
        return self.risk(coverage) / self.risk(1.0)
