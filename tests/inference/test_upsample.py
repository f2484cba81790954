import os
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import binary_dilation
from skimage.color import rgb2lab

from temporal_colorize.inference.upsample import _window_mean, guided_upsample

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("TEMPORAL_COLORIZE_SHARED", REPOSITORY.parent / "shared"))
PICTURES = SHARED / "data" / "val" / "images.tar"


def _bilinear(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(planes, size, mode="bilinear", align_corners=False)


def _both_ways(lightness: torch.Tensor, ab: torch.Tensor, factor: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ab errors, (H, W), of guided and of bilinear upsampling of area-averaged ab."""
    low, guide_low = F.avg_pool2d(ab, factor), F.avg_pool2d(lightness, factor)
    guided, bilinear = guided_upsample(low, guide_low, lightness), _bilinear(low, ab.shape[-2:])
    return tuple((result - ab).norm(dim=1)[0] for result in (guided, bilinear))


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_window_means_are_cut_off_at_the_border(radius: int):
    planes = _noise(2, 3, 4, 17)  # the windows of radius 5 are taller than it
    whole = [
        planes[..., max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1].mean((-2, -1))
        for y in range(4)
        for x in range(17)
    ]
    torch.testing.assert_close(_window_mean(planes, radius), torch.stack(whole, -1).reshape(planes.shape))


def test_an_edge_within_cells_is_sharper_than_bilinear():
    """Dark blue on the left, bright yellow on the right; their slanted edge falls inside the 4-pixel cells."""
    columns = torch.arange(96).expand(64, -1)
    right = (columns > 49 + torch.arange(64)[:, None] // 20)[None, None].float()
    lightness = 30 + 50 * right + _noise(1, 1, 64, 96)
    ab = torch.cat((20 - 25 * right, -50 + 110 * right), 1)
    guided, bilinear = _both_ways(lightness, ab, 4)
    edge = torch.from_numpy(binary_dilation(np.diff(right[0, 0].numpy(), axis=1, prepend=0) != 0, iterations=4))
    assert guided[edge].mean() < 0.5 * bilinear[edge].mean()
    assert guided[:, :24].max() < 0.2  # the flat regions stay as they are
    assert guided[:, -24:].max() < 0.2


def test_follows_bilinear_where_lightness_is_flat():
    ab = _noise(1, 2, 9, 13) * 100 - 50
    flat = torch.full((1, 1, 36, 52), 40.0)
    result = guided_upsample(ab, F.avg_pool2d(flat, 4), flat)
    torch.testing.assert_close(result, _bilinear(ab, (36, 52)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(36, 52), (33, 47)])
def test_constant_ab_stays_constant_to_the_border(size):
    lightness = _noise(1, 1, *size) * 100
    guide_low = F.interpolate(lightness, (9, 13), mode="area")
    ab = torch.tensor([37.0, -61.0]).reshape(1, 2, 1, 1).expand(1, 2, 9, 13)
    result = guided_upsample(ab, guide_low, lightness, radius=2, eps=1.0)
    assert result.shape == (1, 2, *size)
    assert (result - ab[..., :1, :1]).abs().max() < 1e-4


def test_ab_that_is_linear_in_lightness_is_found_again():
    """With eps near 0 the fit is exact, so a = 0.5 L - 20 and b = 30 - 0.25 L hold at every pixel, also at borders."""
    lightness = _noise(1, 1, 32, 40) * 60 + 20
    truth = torch.cat((0.5 * lightness - 20, 30 - 0.25 * lightness), 1)
    result = guided_upsample(F.avg_pool2d(truth, 4), F.avg_pool2d(lightness, 4), lightness, eps=1e-4)
    assert (result - truth).abs().max() < 0.02
    assert (_bilinear(F.avg_pool2d(truth, 4), (32, 40)) - truth).abs().max() > 5


def test_is_linear_in_ab():
    lightness = _noise(1, 1, 32, 40) * 100
    guide_low = F.avg_pool2d(lightness, 4)
    first, second = _noise(1, 2, 8, 10, seed=1) * 80, _noise(1, 2, 8, 10, seed=2) * -60
    separately = 2 * guided_upsample(first, guide_low, lightness) + guided_upsample(second, guide_low, lightness)
    together = guided_upsample(2 * first + second, guide_low, lightness)
    torch.testing.assert_close(together, separately, atol=1e-3, rtol=0)


def test_leading_dimensions_are_free_and_autocast_changes_nothing():
    ab, lightness = _noise(2, 3, 2, 8, 10) * 100 - 50, _noise(2, 3, 1, 32, 40) * 100
    guide_low = F.avg_pool2d(lightness.flatten(0, 1), 4).unflatten(0, (2, 3))
    result = guided_upsample(ab, guide_low, lightness)
    assert result.shape == (2, 3, 2, 32, 40)
    alone = guided_upsample(ab[1, 2], guide_low[1, 2], lightness[1, 2])
    torch.testing.assert_close(result[1, 2], alone)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(guided_upsample(ab, guide_low, lightness), result)
    half = guided_upsample(ab.bfloat16(), guide_low.bfloat16(), lightness.bfloat16())
    assert half.dtype == torch.float32


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="guide"):
        guided_upsample(torch.zeros(1, 2, 8, 10), torch.zeros(1, 1, 8, 9), torch.zeros(1, 1, 32, 40))
    with pytest.raises(ValueError, match="guide"):
        guided_upsample(torch.zeros(1, 2, 8, 10), torch.zeros(1, 1, 8, 10), torch.zeros(2, 1, 32, 40))


def _real_pictures(count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Lightness and ab of validation pictures at half their size, where 4:2:0 compression has blurred no colour."""
    pictures = []
    with tarfile.open(PICTURES) as tar:
        members = tar.getmembers()
        for member in members[:: len(members) // count][:count]:
            picture = cv2.imdecode(np.frombuffer(tar.extractfile(member).read(), np.uint8), cv2.IMREAD_COLOR_RGB)
            height, width = (side // 16 * 8 for side in picture.shape[:2])
            small = cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
            lab = torch.from_numpy(rgb2lab(small)).float().permute(2, 0, 1)[None]
            pictures.append((lab[:, :1], lab[:, 1:]))
    return pictures


@pytest.mark.skipif(not PICTURES.exists(), reason=f"no {PICTURES}; set TEMPORAL_COLORIZE_SHARED")
@pytest.mark.parametrize("factor", [4, 8])
def test_real_pictures_gain_at_edges_of_luma(factor):
    at_edges, everywhere = torch.zeros(2), torch.zeros(2)
    for lightness, ab in _real_pictures(20):
        errors = _both_ways(lightness, ab, factor)
        strength = np.hypot(*np.gradient(lightness[0, 0].numpy()))
        edge = torch.from_numpy(binary_dilation(strength > 10, iterations=4))
        at_edges += torch.stack([error[edge].sum() for error in errors])
        everywhere += torch.stack([error.sum() for error in errors])
    assert at_edges[0] < 0.95 * at_edges[1]
    assert everywhere[0] < 0.97 * everywhere[1]
