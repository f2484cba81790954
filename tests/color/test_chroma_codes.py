"""The fused step against the slow float64 reference."""

import numpy as np
import pytest
import torch

from temporal_colorize.color.chroma import (
    ChromaCoding,
    ab_to_chroma_exact,
    chroma_to_codes,
    lightness_from_luma,
    luma_from_code,
)
from temporal_colorize.color.chroma_codes import ChromaCoder

SHAPE = 120, 150


def draw(coding: ChromaCoding, spread: float) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Luma codes, below black and above white too; ab; and slopes of ab over L*."""
    rng = torch.Generator().manual_seed(0)
    luma = torch.randint(0, 1 << coding.bit_depth, SHAPE, generator=rng).to(coding.dtype).numpy()
    ab, slope = ((2 * torch.rand(2, *SHAPE, generator=rng) - 1) * size for size in (spread, 0.2))
    return luma, ab, slope


def code(coding: ChromaCoding, luma: np.ndarray, ab: torch.Tensor, slope: torch.Tensor) -> np.ndarray:
    lightness = lightness_from_luma(luma_from_code(torch.from_numpy(luma.astype(np.int32))[None], coding))
    steps = ChromaCoder.steps((ab - slope * lightness).numpy(), slope.numpy())
    cb, cr = np.zeros_like(luma), np.zeros_like(luma)
    ChromaCoder(coding)(luma, *steps, cb, cr)
    return np.stack((cb, cr)).astype(int)


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("bit_depth", [8, 10, 12])
def test_within_one_code_of_the_reference(matrix: str, full_range: bool, bit_depth: int) -> None:
    coding = ChromaCoding(matrix, full_range=full_range, bit_depth=bit_depth)
    for spread in (20.0, 80.0, 110.0):  # greyish, all that a screen shows, and far beyond it
        luma, ab, slope = draw(coding, spread)
        y = luma_from_code(torch.from_numpy(luma.astype(np.int32))[None], coding)
        exact = chroma_to_codes(ab_to_chroma_exact(y.double(), ab.double(), matrix), coding).numpy().astype(int)
        assert np.abs(code(coding, luma, ab, slope) - exact).max() <= 1


def test_colours_beyond_what_the_table_holds_are_its_outermost() -> None:
    coding = ChromaCoding("bt601")
    luma, ab, slope = draw(coding, 150.0)
    beyond, outermost = (code(coding, luma, part, torch.zeros_like(slope)) for part in (ab, ab.clamp(-110, 110)))
    seldom = (ab[1] > -90).numpy()
    assert np.abs(beyond - outermost)[:, seldom].max() <= 1


def test_a_single_pixel_is_coded_too() -> None:
    coding = ChromaCoding("bt709")
    luma, ab, slope = draw(coding, 40.0)
    part = slice(5, 6), slice(7, 8)
    expected = code(coding, luma, ab, slope)[:, *part]
    np.testing.assert_array_equal(code(coding, luma[part], ab[:, *part], slope[:, *part]), expected)


def test_grey_is_the_centre_and_codes_stay_legal() -> None:
    coding = ChromaCoding("bt709")
    luma, ab, slope = draw(coding, 110.0)
    assert (code(coding, luma, torch.zeros_like(ab), torch.zeros_like(slope)) == 128).all()
    codes = code(coding, luma, ab, slope)
    assert codes.min() >= 16 and codes.max() <= 240


def test_parts_equal_the_whole() -> None:
    coding = ChromaCoding("bt601")
    luma, ab, slope = draw(coding, 40.0)
    whole, part = code(coding, luma, ab, slope), (slice(33, 90), slice(20, 41))
    np.testing.assert_array_equal(code(coding, luma[part], ab[:, *part], slope[:, *part]), whole[:, *part])
