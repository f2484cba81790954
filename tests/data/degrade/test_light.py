import math

import numpy as np
import pytest
import torch
from kornia.color import linear_rgb_to_rgb, rgb_to_linear_rgb
from scipy.ndimage import gaussian_filter

from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.data.degrade import light
from tests.data.degrade.clips import clips, degrade, grey


def test_the_coding_is_srgb() -> None:
    values = torch.linspace(0, 1, 3 * 500).view(3, 1, 500)
    torch.testing.assert_close(light.to_linear(values), rgb_to_linear_rgb(values), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(light.to_coded(values), linear_rgb_to_rgb(values), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("level", "exposure", "gain"), [(0.5, 1.0, 1.0), (0.8, 0.5, 1.0), (0.3, 0.6, 1.5)])
def test_noise_has_the_variance_of_photons_and_of_reading(level: float, exposure: float, gain: float) -> None:
    """By hand: Poisson(n) has variance n, so signal s of full scale has s / peak; reading adds; the gain squares."""
    peak, read = 200, 0.02
    rgb = grey(level, 2, 2, 128, 128)
    noisy = light.to_linear(degrade(rgb, exposure=exposure, gain=gain, peak_electrons=peak, read_noise=read).double())
    factor = gain / exposure
    assert noisy.mean().item() == pytest.approx(level * gain, rel=0.01)
    assert noisy.var().item() == pytest.approx(factor**2 * (level * exposure / peak + read**2), rel=0.05)


def test_photons_are_counted_and_skewed() -> None:
    """Third central moment of Poisson(n): n, where a Gaussian has 0."""
    counts = 40 * light.to_linear(degrade(grey(0.2, 4, 1, 128, 128), peak_electrons=40).double())
    torch.testing.assert_close(counts, counts.round(), atol=1e-3, rtol=0)
    assert (counts - counts.mean()).pow(3).mean().item() == pytest.approx(8, rel=0.2)


def test_noise_is_new_in_every_frame() -> None:
    frames = degrade(grey(0.5, 1, 3, 128, 128), peak_electrons=200, read_noise=0.02)[0].flatten(1)
    correlations = torch.corrcoef(frames)[torch.triu(torch.ones(3, 3), 1) > 0]
    assert correlations.abs().max() < 5 / 128  # five standard deviations


def test_blur_is_gaussian_in_linear_light() -> None:
    """SciPy, with its borders repeated and cut at four sigmas as well."""
    rgb = clips(2, 2)
    luma = luma_of_rgb(rgb, "bt709")
    linear = light.to_linear(luma)
    blurred = light.blur(linear, torch.tensor([0.7, 2.5]).view(2, 1, 1, 1, 1))
    for clip, sigma in enumerate((0.7, 2.5)):
        expected = gaussian_filter(linear[clip, :, 0].numpy(), sigma, axes=(1, 2), mode="nearest")
        np.testing.assert_allclose(blurred[clip, :, 0].numpy(), expected, atol=2e-4)
    coded = linear_rgb_to_rgb(blurred[1, 0].expand(3, -1, -1))[:1]
    torch.testing.assert_close(degrade(rgb, blur_sigma=2.5)[1, 0], coded, atol=1e-4, rtol=0)


def test_a_blur_wider_than_the_picture_is_its_mean() -> None:
    assert degrade(clips(1, 1, 8, 8), blur_sigma=40).std() < 0.02


@pytest.mark.parametrize("half_angle", [20, 45])
def test_vignetting_goes_by_the_cosine(half_angle: float) -> None:
    """By hand: the middle of the corner's pixel lies at hypot(63, 47) / hypot(64, 48) of the half-diagonal."""
    linear = light.to_linear(degrade(grey(0.5, 1, 1, 48, 64), vignette=4, half_angle=half_angle))[0, 0, 0]
    angle = math.atan(math.hypot(63, 47) / math.hypot(64, 48) * math.tan(math.radians(half_angle)))
    for corner in (linear[0, 0], linear[-1, 0], linear[0, -1], linear[-1, -1]):
        assert corner.item() == pytest.approx(0.5 * math.cos(angle) ** 4, rel=1e-4)
    assert linear[23:25, 31:33].mean().item() == pytest.approx(0.5, rel=1e-3)


def test_the_lamp_has_a_spot_off_the_middle() -> None:
    """By hand: in the picture's middle, 0.5 half-diagonals from the spot, tan = 0.5 tan 35°."""
    options = {"lamp": 8, "lamp_peak": 2, "lamp_offset": 0.5}
    linear = light.to_linear(degrade(grey(0.3, 20, 1, 61, 81), **options))[:, 0, 0]
    middle = 0.6 * math.cos(math.atan(0.5 * math.tan(math.radians(35)))) ** 8
    np.testing.assert_allclose(linear[:, 30, 40], middle, rtol=1e-3)
    spots = [np.unravel_index(int(clip.argmax()), clip.shape) for clip in linear]
    distances = [math.hypot(y - 30, x - 40) / (math.hypot(61, 81) / 2) for y, x in spots]
    inside = [distance for distance in distances if distance > 0.47]  # others lie outside the picture
    assert len(inside) > 5 and max(distances) < 0.53
    assert len({spot for spot in spots}) > 10
    assert linear.amax().item() == pytest.approx(0.6, rel=0.01)


def test_a_spectral_mix_is_a_dirichlet_draw() -> None:
    """A red picture shows red's weight: its mean is the given one, its variance m (1 - m) / (concentration + 1)."""
    red = torch.tensor([1.0, 0, 0]).view(1, 1, 3, 1, 1).repeat(4000, 1, 1, 1, 1)
    weight = light.to_linear(degrade(red, spectral_mix=9, spectral_mean=[5, 3, 2])).flatten().double()
    assert weight.mean().item() == pytest.approx(0.5, abs=0.01)
    assert weight.var().item() == pytest.approx(0.025, rel=0.1)


def test_a_spectral_mix_leaves_grey_alone() -> None:
    rgb = torch.rand(2, 2, 1, 16, 16).expand(-1, -1, 3, -1, -1)
    torch.testing.assert_close(degrade(rgb, spectral_mix=3), rgb[:, :, :1], atol=1e-5, rtol=0)


def test_infrared_brightens_what_is_coloured() -> None:
    """By hand: saturation s = (max - min) / (max + 0.02); the light goes from 0.03 to sqrt(max) by strength times s."""
    surfaces = torch.tensor([[0.03, 0.03, 0.03], [0.01, 0.01, 0.04], [0.05, 0.12, 0.03]]).view(3, 1, 3, 1, 1)
    lit = light.near_infrared(torch.full((3, 1, 1, 1, 1), 0.03), surfaces, torch.tensor(0.5))
    coat, leaf = 0.5 * 0.03 / 0.06, 0.5 * 0.09 / 0.14
    expected = [0.03, 0.03 + coat * (0.2 - 0.03), 0.03 + leaf * (math.sqrt(0.12) - 0.03)]
    assert lit.flatten().tolist() == pytest.approx(expected, rel=1e-5)
    leaves = linear_rgb_to_rgb(surfaces[2, 0]).expand(1, 1, 3, 4, 4)
    assert light.to_linear(degrade(leaves, infrared=1)).min() > 2 * 0.12


def test_odd_lines_come_from_the_neighbouring_frame() -> None:
    luma, woven = luma_of_rgb(clips(2, 4), "bt709"), degrade(clips(2, 4), interlace=3)
    torch.testing.assert_close(woven[..., ::2, :], luma[..., ::2, :], atol=1e-5, rtol=0)
    for frame, neighbour in enumerate((1, 2, 3, 2)):
        assert not torch.allclose(luma[:, frame], luma[:, neighbour], atol=0.05)
        odd, expected = woven[:, frame, :, 1::2], luma[:, neighbour, :, 1::2]
        torch.testing.assert_close(odd, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shift", [-2, 3])
def test_the_second_field_of_a_still_is_moved(shift: int) -> None:
    luma, woven = luma_of_rgb(clips(2, 1), "bt709"), degrade(clips(2, 1), interlace=shift)
    torch.testing.assert_close(woven[..., ::2, :], luma[..., ::2, :], atol=1e-5, rtol=0)
    moved = luma[..., 1::2, :].roll(shift, -1)
    torch.testing.assert_close(woven[..., 1::2, 3:-3], moved[..., 3:-3], atol=1e-5, rtol=0)
