import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d, sobel

from temporal_colorize.gradient_prior import gradient_weights


def steepness(picture: np.ndarray) -> np.ndarray:
    """SciPy's Sobel filter has the weights 1, 2, 1 and a difference over two pixels: 8 in all."""
    return np.hypot(sobel(picture, axis=0, mode="nearest"), sobel(picture, axis=1, mode="nearest")) / 8


def test_weights_equal_those_worked_with_scipy() -> None:
    torch.manual_seed(0)
    ramp = torch.linspace(10, 60, 24).expand(2, 3, 1, 20, 24).clone()
    ramp[:, 1, :, 5:9, 4:9] = 90
    lightness = ramp + 4 * torch.rand(2, 3, 1, 20, 24)
    frames = lightness.reshape(6, 20, 24).double().numpy()
    bins, steepest = 40, 100 * np.sqrt(20) / 8
    index = (np.stack([steepness(frame) for frame in frames]) / steepest * bins).astype(int)
    share = np.bincount(index.ravel(), minlength=bins) / index.size
    # SciPy's Gaussian loses what falls beyond the ends, ours nothing: each bin is first raised by what it would lose.
    ends = gaussian_filter1d(np.ones(bins), 1.5, mode="constant", truncate=8)
    smooth = gaussian_filter1d(share / ends, 1.5, mode="constant", truncate=8)
    assert smooth.sum() == pytest.approx(1)
    expected = (1 / (0.6 * smooth + 0.4 / bins))[index]
    weights = gradient_weights(lightness, bins=bins, sigma=1.5, uniform=0.4)
    assert weights.shape == lightness.shape
    np.testing.assert_allclose(weights.reshape(6, 20, 24).numpy(), expected / expected.mean(), rtol=1e-3)


def test_an_edge_in_a_flat_picture_counts_more() -> None:
    lightness = torch.full((1, 1, 1, 16, 32), 30.0)
    lightness[..., 16:] = 70.0  # the two columns beside the step rise by 20 a pixel
    weights = gradient_weights(lightness, bins=56, sigma=0.0, uniform=0.0)[0, 0, 0]
    # by hand: 30 of 32 columns are flat, and each kind of pixel weighs 1 / its share: 16 : 1 / 0.9375, mean 1
    torch.testing.assert_close(weights[:, 15:17] / weights[0, 0], torch.full((16, 2), 15.0))
    assert weights.mean().item() == pytest.approx(1)
    softer = gradient_weights(lightness, bins=56, sigma=0.0, uniform=0.5)[0, 0, 0]
    # 1 / (0.5 / 16 + 0.5 / 56) against 1 / (0.5 * 15 / 16 + 0.5 / 56)
    assert (softer[0, 15] / softer[0, 0]).item() == pytest.approx((15 / 16 + 1 / 56) / (1 / 16 + 1 / 56))


def test_one_histogram_for_the_batch() -> None:
    steps = torch.full((2, 1, 1, 16, 16), 50.0)
    steps[0, ..., 8:] = 80.0  # the flat second picture makes this step rarer still
    alone = gradient_weights(steps[:1], bins=32, sigma=1.0, uniform=0.2)
    both = gradient_weights(steps, bins=32, sigma=1.0, uniform=0.2)
    assert both[0, 0, 0, 0, 8] / both[0, 0, 0, 0, 0] > 1.2 * alone[0, 0, 0, 0, 8] / alone[0, 0, 0, 0, 0]


def test_uniform_turns_it_off_and_the_steepest_edge_has_a_bin() -> None:
    lightness = 100 * (torch.rand(1, 2, 1, 64, 64) > 0.5).float()  # with all patterns of 3x3, the steepest too
    weights = gradient_weights(lightness, bins=16, sigma=2.0, uniform=1.0)
    torch.testing.assert_close(weights, torch.ones_like(lightness))
    assert bool(gradient_weights(lightness, bins=16, sigma=2.0, uniform=0.0).isfinite().all())


def test_bfloat16_autocast_changes_nothing() -> None:
    lightness = 100 * torch.rand(1, 1, 1, 32, 32)
    options = {"bins": 64, "sigma": 2.0, "uniform": 0.5}
    exact = gradient_weights(lightness, **options)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(gradient_weights(lightness, **options), exact, atol=0, rtol=0)


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"sigma": -1.0}, {"uniform": 1.5}])
def test_options_outside_their_range_are_named(wrong: dict) -> None:
    options = {"bins": 16, "sigma": 1.0, "uniform": 0.5} | wrong
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        gradient_weights(torch.zeros(1, 1, 1, 8, 8), **options)
