"""Frechet distance between two sets of features, with any network's features: never print it as plain FID."""

import torch
from torch import Tensor


class FeatureStatistics:
    """Mean and covariance of features, gathered batch by batch in float64 without keeping the features."""

    def __init__(self, width: int) -> None:
        """Start empty, for features of `width` numbers; memory is width² doubles (13 MB for 1280)."""
        self.count = 0
        self.mean = torch.zeros(width, dtype=torch.float64)
        self._scatter = torch.zeros(width, width, dtype=torch.float64)  # sum of (x - mean)(x - mean)^T

    def add(self, features: Tensor) -> None:
        """Count features, (N, width).

        Raises:
            ValueError: If they have another width or hold NaN or infinity.
        """
        width = len(self.mean)
        if features.ndim != 2 or features.shape[1] != width:
            raise ValueError(f"features must be (N, {width}); got {tuple(features.shape)}")
        rows = features.detach().double().cpu()
        if not bool(rows.isfinite().all()):
            raise ValueError("a feature is NaN or infinite: check the pictures and the network that made it")
        if len(rows):
            mean = rows.mean(0)
            self._join(len(rows), mean, (rows - mean).T @ (rows - mean))

    def merge(self, other: "FeatureStatistics") -> None:
        """Add all that another one has counted, as if it had come here.

        Raises:
            ValueError: If its width is another.
        """
        if other.mean.shape != self.mean.shape:
            raise ValueError(f"features of width {len(other.mean)} cannot join those of width {len(self.mean)}")
        if other.count:
            self._join(other.count, other.mean, other._scatter)

    def covariance(self) -> Tensor:
        """Return the unbiased covariance, (width, width) float64.

        Raises:
            ValueError: If fewer than two features were counted.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 features; got {self.count}")
        return self._scatter / (self.count - 1)

    def _join(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        """Join two sets' moments (Chan, Golub and LeVeque 1979), which loses no digits where the mean is far from 0."""
        total = self.count + count
        step = mean - self.mean
        self._scatter = self._scatter + scatter + torch.outer(step, step) * (self.count * count / total)
        self.mean = self.mean + step * (count / total)
        self.count = total


def frechet_distance(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """Compute the Frechet distance of two Gaussians (Dowson and Landau 1982), as FID does: 0 for equal statistics.

    |mean_a - mean_b|² + tr(A + B - 2 (A B)^(1/2)), the last trace from the eigenvalues of A^(1/2) B A^(1/2),
    which is symmetric, so that the result is real and finite even where fewer features than numbers in each were
    counted and A or B is singular. But it is then biased: smaller sets score farther apart. Compare only distances of
    sets of one size, and read those of fewer samples than the width as an order among methods, not as a value.

    Raises:
        ValueError: If the widths differ or one has fewer than two features.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features of width {len(a.mean)} and {len(b.mean)} cannot be compared")
    covariance_a, covariance_b = a.covariance(), b.covariance()
    values, vectors = torch.linalg.eigh(covariance_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp_min(0).sqrt().sum()
    distance = (a.mean - b.mean).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * overlap
    return max(float(distance), 0.0)
