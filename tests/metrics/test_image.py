import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr


def test_distance_is_euclidean() -> None:
    distance = ab_distance(torch.tensor([3.0, 4.0]).reshape(2, 1, 1), torch.zeros(2, 1, 1))
    assert distance.shape == (1, 1) and distance.item() == 5


def test_auc_by_counting() -> None:
    distance = torch.rand(1000) * 200
    counted = np.mean([(distance.numpy() <= t).mean() for t in range(151)])
    assert accuracy(distance).mean().item() == pytest.approx(100 * counted)
    assert accuracy(torch.tensor([0.0, 151.0])).tolist() == [100, 0]


def test_psnr_agrees_with_scikit_image() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 20, 20)), rng.random((3, 20, 20))
    assert psnr(np.square(a - b).mean()) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1))
    assert psnr(0.0) == float("inf")


def test_colourfulness_by_hand() -> None:
    rgb = torch.zeros(3, 1, 2)
    rgb[0, 0, 0] = 1.0  # one red pixel, one black: rg = 255, 0 and yb = 127.5, 0
    expected = np.hypot(127.5, 63.75) + 0.3 * np.hypot(127.5, 63.75)
    assert colorfulness(rgb) == pytest.approx(expected)
    assert colorfulness(torch.rand(1, 8, 8).expand(3, -1, -1)) == pytest.approx(0, abs=1e-3)


def test_colourfulness_keeps_the_signs() -> None:
    rgb = torch.zeros(3, 1, 2)
    rgb[0, 0, 0], rgb[1, 0, 1] = 1.0, 1.0  # red and green: rg = 255 and -255, so its mean is 0
    spread, mean = np.hypot(255, 0), np.hypot(0, 127.5)
    assert colorfulness(rgb) == pytest.approx(spread + 0.3 * mean)
