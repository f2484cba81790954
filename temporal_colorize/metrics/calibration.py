"""Confidence against how often it is right, and the temperature that brings the two together."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


class ReliabilityBin(NamedTuple):
    """One bar of a reliability diagram: all in 0..1 but the weight, which is in pixels unless weights were given.

    `confidence` and `accuracy` are means over what fell into low..high; NaN where nothing did.
    """

    low: float
    high: float
    weight: float
    confidence: float
    accuracy: float


class Reliability:
    """Confidence against accuracy over equal-width bins (Guo et al. 2017), added up batch by batch."""

    def __init__(self, *, bins: int = 15) -> None:
        """Start empty.

        Raises:
            ValueError: If there is no bin.
        """
        if bins < 1:
            raise ValueError(f"bins={bins} must be at least 1; 15 is usual")
        self._bins = bins
        self._sums = torch.zeros(3, bins, dtype=torch.float64)  # of the weights, confidence and correctness

    def add(self, confidence: Tensor, correct: Tensor, *, weights: Tensor | None = None) -> None:
        """Count predictions.

        Args:
            confidence: Any shape, in 0..1.
            correct: The same shape: whether each was right, as bool or as a share in 0..1.
            weights: The same shape, or None to count each once.

        Raises:
            ValueError: If shapes differ or a confidence is outside 0..1.
        """
        weights = torch.ones_like(confidence) if weights is None else weights
        if not confidence.shape == correct.shape == weights.shape:
            shapes = [tuple(tensor.shape) for tensor in (confidence, correct, weights)]
            raise ValueError(f"confidence, correct and weights must have one shape; got {shapes}")
        confidence, correct, weights = (x.detach().double().flatten().cpu() for x in (confidence, correct, weights))
        if not bool(((confidence >= 0) & (confidence <= 1 + 1e-5)).all()):  # a sum of probabilities may round above 1
            raise ValueError("a confidence is outside 0..1: give probabilities, not logits")
        index = (confidence * self._bins).long().clamp(max=self._bins - 1)
        for row, values in zip(self._sums, (weights, weights * confidence, weights * correct), strict=True):
            row += torch.bincount(index, values, minlength=self._bins)

    def merge(self, other: "Reliability") -> None:
        """Add all that another one, of as many bins, has counted."""
        self._sums = self._sums + other._sums

    @property
    def counted(self) -> float:
        """The weight of all that was added."""
        return float(self._sums[0].sum())

    def table(self) -> list[ReliabilityBin]:
        """List the bins from low to high confidence, for a diagram."""
        weights, confidence, correct = self._sums
        edges = [number / self._bins for number in range(self._bins + 1)]
        means = (confidence / weights).tolist(), (correct / weights).tolist()
        return [ReliabilityBin(*row) for row in zip(edges[:-1], edges[1:], weights.tolist(), *means, strict=True)]

    def ece(self) -> float:
        """Return the expected calibration error in 0..1: the bins' mean |accuracy - confidence| by weight.

        Raises:
            ValueError: If nothing was added.
        """
        weights, confidence, correct = self._sums
        if not weights.sum() > 0:
            raise ValueError("no prediction was added, so there is no calibration error")
        return float((correct - confidence).abs().sum() / weights.sum())


def top_bin(probabilities: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Take the likeliest bin: how sure the network is of it and whether it is the true one.

    Args:
        probabilities: (*, Q, H, W), summing to 1 over the Q bins.
        index: (*, H, W) int64, the bin nearest to the true colour.

    Returns:
        Confidence in 0..1 and correctness, bool; both (*, H, W), for `Reliability`.
    """
    _require_index(probabilities, index)
    confidence, guess = probabilities.max(dim=-3)
    return confidence, guess == index


def fit_temperature(logits: Tensor, index: Tensor, *, least: float = 0.1, most: float = 10.0) -> float:
    """Find the one temperature T whose softmax(logits / T) gives held-out pixels the least mean log loss (Guo et al.).

    The loss has one minimum over T. For a set that the logits separate wholly that is T = 0, and `least` is
    returned. Some twenty passes over all logits: 100,000 pixels of 313 bins take about 5 s on one core.

    Args:
        logits: (*, Q, H, W), the training's rebalancing already taken out; pixels that nothing was fitted to.
        index: (*, H, W) int64, the bin nearest to the true colour.
        least: Lower end of the search.
        most: Upper end of the search.

    Raises:
        ValueError: If the shapes do not fit, or least and most do not span a range above 0.
    """
    from scipy.optimize import minimize_scalar

    _require_index(logits, index)
    if not 0 < least < most:
        raise ValueError(f"least={least} and most={most} must span a range of temperatures above 0")
    rows, target = logits.detach().float().movedim(-3, -1).flatten(0, -2), index.flatten()

    def loss(log_temperature: float) -> float:
        # Averaged in float64: near its minimum the loss is flatter than float32 can tell.
        return float(F.cross_entropy(rows / math.exp(log_temperature), target, reduction="none").double().mean())

    found = minimize_scalar(loss, bounds=(math.log(least), math.log(most)), method="bounded", options={"xatol": 1e-4})
    return math.exp(found.x)


def fit_curve(table: Sequence[ReliabilityBin], *, knots: int = 12) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Find the monotone curve from what was said to how often it was right (Zadrozny and Elkan 2002), of few knots.

    Args:
        table: Of a `Reliability` of many bins, of what was said; pixels that nothing was fitted to.
        knots: About how many; each stands for as many pixels, but the first and the last for a hundredth, to reach far.

    Returns:
        Knots for linear interpolation, both rising and in 0..1: what was said, and how often that was right; from 0
        for 0 on.

    Raises:
        ValueError: If nothing was counted.
    """
    from scipy.optimize import isotonic_regression

    rows = np.array([(bar.weight, bar.confidence, bar.accuracy) for bar in table if bar.weight])
    if not len(rows):
        raise ValueError("no prediction was counted, so there is no curve to fit")
    weight, said, right = rows.T
    right = isotonic_regression(right, weights=weight).x
    middle = (weight.cumsum() - weight / 2) / weight.sum()
    part = np.digitize(middle, np.linspace(0.01, 0.99, knots - 1))
    means = [
        np.average([said[part == k], right[part == k]], axis=1, weights=weight[part == k]) for k in np.unique(part)
    ]
    return tuple(tuple(round(float(value), 4) for value in row) for row in np.transpose([(0.0, 0.0), *means]))


def _require_index(scores: Tensor, index: Tensor) -> None:
    if index.numel() == 0 or index.shape != (*scores.shape[:-3], *scores.shape[-2:]):
        raise ValueError(
            f"index {tuple(index.shape)} must be (*, H, W) of {tuple(scores.shape)}, which is (*, Q, H, W)"
        )
