import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab, rgb2ycbcr

from temporal_colorize.color.chroma import (
    ChromaCoding,
    ab_to_chroma,
    ab_to_chroma_exact,
    chroma_to_codes,
    chroma_to_rgb,
    lightness_from_luma,
    luma_from_code,
    luma_of_rgb,
    rgb_to_chroma,
)

MATRICES = ("bt601", "bt709", "bt2020")
ONE_CODE = 1 / 255


def _colours(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 3, 1, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _skimage_ab(rgb: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(rgb2lab(rgb.numpy(), channel_axis=-3)[..., 1:, :, :])


def _pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)


# 75 and 100 % bars as ITU-R BT.601 and BT.709 write them in 8-bit limited range: (Y, Cb, Cr)
@pytest.mark.parametrize(
    ("matrix", "rgb", "codes"),
    [
        ("bt601", (1, 0, 0), (81, 90, 240)),
        ("bt601", (0, 1, 0), (145, 54, 34)),
        ("bt601", (0, 0, 1), (41, 240, 110)),
        ("bt709", (1, 0, 0), (63, 102, 240)),
        ("bt709", (0, 1, 0), (173, 42, 26)),
        ("bt709", (0, 0, 1), (32, 240, 118)),
        ("bt709", (0.75, 0.75, 0), (168, 44, 136)),
        ("bt2020", (1, 0, 0), (74, 97, 240)),
    ],
)
def test_primaries_have_the_codes_of_the_standards(matrix, rgb, codes):
    coding = ChromaCoding(matrix)
    colour = _pixel(*rgb)
    luma = luma_of_rgb(colour, matrix)
    assert round(float(luma) * 219 + 16) == codes[0]
    assert chroma_to_codes(rgb_to_chroma(colour, matrix), coding).flatten().tolist() == list(codes[1:])
    ab = _skimage_ab(colour.double())
    assert chroma_to_codes(ab_to_chroma(luma, ab, matrix), coding).flatten().tolist() == pytest.approx(codes[1:], abs=1)


def test_bt601_agrees_with_scikit_image():
    rgb = _colours(1000)
    expected = rgb2ycbcr(rgb.numpy(), channel_axis=-3)  # limited range, not rounded
    np.testing.assert_allclose(luma_of_rgb(rgb, "bt601") * 219 + 16, expected[:, :1], atol=1e-2)
    np.testing.assert_allclose(rgb_to_chroma(rgb, "bt601") * 224 + 128, expected[:, 1:], atol=1e-2)


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_colour_of_the_cube_comes_back(matrix):
    """Its own luma and its own a and b (scikit-image's) name it: nothing else has them."""
    rgb = _colours(20_000)
    luma = luma_of_rgb(rgb, matrix)
    expected = rgb_to_chroma(rgb, matrix)
    exact = ab_to_chroma_exact(luma, _skimage_ab(rgb), matrix)
    assert (exact - expected).abs().max() < 1e-3  # scikit-image's matrices have six digits
    fast = ab_to_chroma(luma, _skimage_ab(rgb), matrix)
    assert fast.dtype == torch.float32
    assert (fast - expected).abs().max() < ONE_CODE
    assert (fast - expected).abs().mean() < 1e-4
    assert (chroma_to_rgb(luma, fast, matrix) - rgb).abs().mean() < 1e-4


@pytest.mark.parametrize("matrix", MATRICES)
def test_fast_is_within_a_code_of_exact_in_the_cube_and_out(matrix):
    generator = torch.Generator().manual_seed(1)
    count = 150_000  # enough for two bands
    luma = torch.rand(1, 1, 3, count // 3, generator=generator, dtype=torch.float64)
    luma[..., 0, :] **= 3  # near black
    luma[..., 1, :1000] = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(500)
    ab = torch.rand(1, 2, 3, count // 3, generator=generator, dtype=torch.float64) * 240 - 120
    ab[..., ::2] *= 0.4
    error = (ab_to_chroma(luma, ab, matrix) - ab_to_chroma_exact(luma, ab, matrix)).abs()
    assert error.max() < ONE_CODE
    assert error.mean() < 0.01 * ONE_CODE


@pytest.mark.parametrize("convert", [ab_to_chroma, ab_to_chroma_exact])
@pytest.mark.parametrize("matrix", MATRICES)
def test_colours_outside_the_cube_touch_it_and_keep_luma(matrix, convert):
    generator = torch.Generator().manual_seed(2)
    luma = torch.rand(1, 1, 1, 20_000, generator=generator)
    ab = (torch.rand(1, 2, 1, 20_000, generator=generator) - 0.5) * 220
    chroma = convert(luma, ab, matrix).float()
    rgb = chroma_to_rgb(luma, chroma, matrix)
    assert (luma_of_rgb(rgb, matrix) - luma).abs().max() < 1e-5  # a clip in RGB would have changed it
    given_back = _skimage_ab(rgb.double())
    pulled = (given_back - ab).norm(dim=1) > 1
    assert 0.3 < pulled.float().mean() < 0.95
    distance = torch.minimum(rgb, 1 - rgb).amin(dim=1)
    assert distance[pulled].max() < 2e-3  # what was pulled is on the surface, not within


def test_pulling_goes_straight_towards_grey():
    """By hand, BT.709, Y' = 0.5, Cb = -0.1, Cr = 0.45: R' = 0.5 + 1.5748 * 0.45 = 1.20866, so s = 0.5 / 0.70866."""
    luma = torch.full((1, 1, 1, 1), 0.5)
    beyond = _pixel(1.20866, 0.5 + 0.187324 * 0.1 - 0.468124 * 0.45, 0.5 - 1.8556 * 0.1)
    ab = _skimage_ab(beyond.double())  # rgb2lab does not clip
    expected = _pixel(-0.1, 0.45) * (0.5 / 0.70866)
    torch.testing.assert_close(ab_to_chroma_exact(luma, ab, "bt709").float(), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(ab_to_chroma(luma, ab, "bt709"), expected, atol=1e-4, rtol=0)


def test_grey_is_the_centre_code_at_every_luma_and_depth():
    luma = torch.linspace(0, 1, 200).reshape(1, 1, 1, -1)
    chroma = ab_to_chroma(luma, torch.zeros(1, 2, 1, 200), "bt709")
    for bit_depth, slack in ((8, 0), (10, 0), (16, 8)):  # D65 is not R = G = B to the sixth digit
        for full_range in (False, True):
            coding = ChromaCoding("bt709", full_range=full_range, bit_depth=bit_depth)
            codes = chroma_to_codes(chroma, coding).to(torch.int32)
            assert (codes - 2 ** (bit_depth - 1)).abs().max() <= slack


def test_lightness_agrees_with_scikit_image():
    luma = torch.linspace(0, 1, 1001, dtype=torch.float64)
    grey = luma.expand(3, -1).numpy()
    expected = rgb2lab(grey, channel_axis=0)[0]
    np.testing.assert_allclose(lightness_from_luma(luma), expected, atol=2e-4)
    np.testing.assert_allclose(lightness_from_luma(luma.float()), expected, atol=1e-3)


def test_lightness_goes_back_to_grey_rgb():
    luma = torch.linspace(0, 1, 256).reshape(1, 1, 1, -1)
    lab = torch.cat((lightness_from_luma(luma), torch.zeros(1, 2, 1, 256)), 1).numpy()
    np.testing.assert_allclose(lab2rgb(lab, channel_axis=1), luma.expand(1, 3, 1, 256), atol=1e-3)


@pytest.mark.parametrize(
    ("full_range", "bit_depth", "black", "white", "lowest", "highest"),
    [  # ITU-R BT.2100, table 9: narrow and full range
        (False, 8, 16, 235, 16, 240),
        (False, 10, 64, 940, 64, 960),
        (False, 12, 256, 3760, 256, 3840),
        (True, 8, 0, 255, 0, 255),
        (True, 10, 0, 1023, 0, 1023),
        (True, 16, 0, 65535, 0, 65535),
    ],
)
def test_ranges_and_depths(full_range, bit_depth, black, white, lowest, highest):
    coding = ChromaCoding("bt709", full_range=full_range, bit_depth=bit_depth)
    dtype = torch.uint8 if bit_depth == 8 else torch.uint16
    codes = torch.from_numpy(np.array([black, white], np.uint8 if bit_depth == 8 else np.uint16))
    torch.testing.assert_close(luma_from_code(codes, coding), torch.tensor([0.0, 1.0]), atol=1e-6, rtol=0)
    legal = chroma_to_codes(torch.tensor([-0.5, 0.0, 0.5, -9.0, 9.0]), coding)
    assert legal.dtype == dtype
    # the full range has one code less above its centre than below: -0.5 rounds to 0 or 1
    assert legal.tolist() == pytest.approx([lowest, 2 ** (bit_depth - 1), highest, lowest, highest], abs=full_range)


def test_luma_beyond_black_and_white_is_clamped():
    codes = torch.tensor([0, 15, 16, 235, 255], dtype=torch.uint8)
    assert luma_from_code(codes, ChromaCoding()).tolist() == pytest.approx([0, 0, 0, 1, 1])
    chroma = ab_to_chroma(torch.tensor([-0.1, 1.3]).reshape(1, 1, 1, 2), torch.full((1, 2, 1, 2), 60.0), "bt601")
    assert chroma.abs().max() == 0


def test_leading_dimensions_are_free_and_autocast_changes_nothing():
    generator = torch.Generator().manual_seed(3)
    luma = torch.rand(2, 3, 1, 4, 5, generator=generator)
    ab = (torch.rand(2, 3, 2, 4, 5, generator=generator) - 0.5) * 150
    expected = ab_to_chroma(luma, ab, "bt709")
    assert expected.shape == (2, 3, 2, 4, 5)
    assert torch.equal(expected[1, 2], ab_to_chroma(luma[1, 2], ab[1, 2], "bt709"))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(ab_to_chroma(luma, ab, "bt709"), expected)
        half = ab_to_chroma(luma.bfloat16(), ab.bfloat16(), "bt709")
        assert half.dtype == torch.float32
        assert lightness_from_luma(luma.bfloat16()).dtype == torch.float32


def test_errors_name_the_option_and_the_choices():
    with pytest.raises(ValueError, match=r"matrix='bt470'.*bt601, bt709, bt2020"):
        ChromaCoding("bt470")
    with pytest.raises(ValueError, match="bit_depth=7"):
        ChromaCoding(bit_depth=7)
    with pytest.raises(ValueError, match=r"matrix='smpte'"):
        ab_to_chroma(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2), "smpte")
    with pytest.raises(ValueError, match=r"\(1, 1, 2, 3\)"):
        ab_to_chroma(torch.zeros(1, 1, 2, 3), torch.zeros(1, 2, 2, 2), "bt709")
