import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from temporal_colorize.metrics.distribution import FeatureStatistics, frechet_distance


def statistics_of(features: np.ndarray) -> FeatureStatistics:
    statistics = FeatureStatistics(features.shape[1])
    statistics.add(torch.from_numpy(features))
    return statistics


def correlated(seed: int, *, rows: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width)


def test_batches_and_parts_agree_with_numpy() -> None:
    features = correlated(0, rows=101, width=6) + 1e6  # far from 0, where sums of squares would lose all digits
    first, second = FeatureStatistics(6), FeatureStatistics(6)
    for batch in np.array_split(features[:70], 5):
        first.add(torch.from_numpy(batch))
    second.add(torch.from_numpy(features[70:]))
    first.merge(second)
    first.merge(FeatureStatistics(6))
    assert first.count == 101
    np.testing.assert_allclose(first.mean, features.mean(0))
    np.testing.assert_allclose(first.covariance(), np.cov(features.T), rtol=1e-6)


def test_one_number_by_hand() -> None:
    # Two values m - s and m + s have variance 2 s² (unbiased), so (1 - 5)² + (sqrt(2) * 1 - sqrt(2) * 3)².
    a, b = statistics_of(np.array([[0.0], [2.0]])), statistics_of(np.array([[2.0], [8.0]]))
    assert frechet_distance(a, b) == pytest.approx(16 + 2 * (1 - 3) ** 2)


def test_agrees_with_scipy() -> None:
    one, two = correlated(1, rows=200, width=12), correlated(2, rows=150, width=12)
    cov_one, cov_two = np.cov(one.T), np.cov(two.T)
    expected = np.square(one.mean(0) - two.mean(0)).sum() + np.trace(
        cov_one + cov_two - 2 * sqrtm(cov_one @ cov_two).real
    )
    assert frechet_distance(statistics_of(one), statistics_of(two)) == pytest.approx(expected)
    assert frechet_distance(statistics_of(two), statistics_of(one)) == pytest.approx(expected)
    assert frechet_distance(statistics_of(one), statistics_of(one)) == pytest.approx(0, abs=1e-6)


def test_fewer_samples_than_numbers_stay_finite() -> None:
    one, two = correlated(3, rows=5, width=60), correlated(4, rows=7, width=60)
    distance = frechet_distance(statistics_of(one), statistics_of(two))
    assert math.isfinite(distance) and distance > np.square(one.mean(0) - two.mean(0)).sum()
    assert frechet_distance(statistics_of(one), statistics_of(one)) == pytest.approx(0, abs=1e-3)
    # Two directions at right angles share nothing, so the variances add up: 2 * 3² and 2 * 4², by hand.
    along_x, along_y = np.zeros((2, 60)), np.zeros((2, 60))
    along_x[:, 0], along_y[:, 1] = [-3, 3], [-4, 4]
    assert frechet_distance(statistics_of(along_x), statistics_of(along_y)) == pytest.approx(18 + 32)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="features must be"):
        FeatureStatistics(4).add(torch.zeros(3, 5))
    with pytest.raises(ValueError, match="NaN"):
        FeatureStatistics(1).add(torch.tensor([[float("nan")]]))
    with pytest.raises(ValueError, match="at least 2"):
        FeatureStatistics(4).covariance()
    with pytest.raises(ValueError, match="width 4"):
        FeatureStatistics(4).merge(FeatureStatistics(5))
    with pytest.raises(ValueError, match="width 4"):
        frechet_distance(FeatureStatistics(4), FeatureStatistics(5))
