import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr, ssim


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


@pytest.mark.parametrize("noise", [0.001, 0.1, 0.5])
@pytest.mark.parametrize("level", [0.05, 0.9])
def test_ssim_agrees_with_scikit_image(noise: float, level: float) -> None:
    rng = np.random.default_rng(0)
    truth = np.clip(level + np.linspace(-0.1, 0.1, 37)[None, None] + 0.05 * rng.standard_normal((3, 29, 37)), 0, 1)
    rgb = np.clip(truth + noise * rng.standard_normal(truth.shape), 0, 1)
    expected = structural_similarity(
        rgb, truth, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=0
    )
    assert ssim(torch.from_numpy(rgb), torch.from_numpy(truth)) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_equal_flat_and_small_pictures() -> None:
    rgb = torch.rand(3, 16, 16)
    assert ssim(rgb, rgb) == pytest.approx(1)
    # No variance at all leaves the term of the means (Wang et al. 2004, eq. 6), by hand.
    flat = ssim(torch.full((3, 16, 16), 0.2), torch.full((3, 16, 16), 0.6))
    assert flat == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4), abs=1e-4)
    with pytest.raises(ValueError, match="at least 11 pixels"):
        ssim(torch.rand(3, 10, 40), torch.rand(3, 10, 40))
    with pytest.raises(ValueError, match="SSIM compares two"):
        ssim(torch.rand(3, 20, 20), torch.rand(3, 20, 21))
