"""From luma, a and b to the Cb and Cr of a video stream, with luma held constant, and back to R'G'B'.

R'G'B' are taken to be sRGB-coded (IEC 61966-2-1) with BT.709 primaries and a D65 white whatever matrix the stream
uses: of the stream only the luma coefficients, the range and the bit depth matter here. Everything is computed in
float32 or float64, inside autocast too.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Matrix = Literal["bt601", "bt709", "bt2020"]

_KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
_WHITE = (0.95047, 1.0, 1.08883)  # D65, 2 degrees: the white of scikit-image and kornia
_XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_DELTA = 6 / 29  # where CIE's f turns from a line into a cube root
_TOE = 0.0031308  # where the sRGB curve turns from a line into a power, in linear light

AB_LIMIT = 110.0  # no colour of the sRGB cube has |a| or |b| above 107.9
_LIGHTNESS_BRACKET = (-30.0, 180.0)  # holds the solution for every luma in 0..1 and |a|, |b| <= AB_LIMIT
_LUMA_NODES, _AB_NODES = 49, 89
_SLOPE_UNIT = 3 / 116 * 1.055 / 2.4  # what `_rgb_and_slope` leaves out of its slopes
_BAND_PIXELS = 1 << 17  # larger buffers go back to the system after every step, and fetching them again costs double


def luma_weights(matrix: str) -> tuple[float, float, float]:
    """Shares of R', G' and B' in Y'; ValueError for an unknown matrix."""
    if matrix not in _KR_KB:
        raise ValueError(f"matrix={matrix!r} is not known; use one of {', '.join(get_args(Matrix))}")
    kr, kb = _KR_KB[matrix]
    return kr, 1 - kr - kb, kb


@dataclass(frozen=True)
class ChromaCoding:
    """How a stream writes luma and chroma as integers; ValueError for a matrix or bit depth (8..16) not supported."""

    matrix: Matrix = "bt709"
    full_range: bool = False
    bit_depth: int = 8

    def __post_init__(self) -> None:
        luma_weights(self.matrix)
        if not 8 <= self.bit_depth <= 16:
            raise ValueError(f"bit_depth={self.bit_depth} is not supported; use 8 to 16")

    @property
    def dtype(self) -> torch.dtype:
        return torch.uint8 if self.bit_depth == 8 else torch.uint16

    @property
    def luma_bounds(self) -> tuple[int, int]:
        """Codes of black and white."""
        return self._bounds(16, 235)

    @property
    def chroma_bounds(self) -> tuple[int, int]:
        """Smallest and largest legal chroma code; their distance is what a chroma of 1.0 spans."""
        return self._bounds(16, 240)

    @property
    def chroma_centre(self) -> int:
        """Code of grey."""
        return 1 << (self.bit_depth - 1)

    def _bounds(self, low: int, high: int) -> tuple[int, int]:
        shift = self.bit_depth - 8
        return (0, (1 << self.bit_depth) - 1) if self.full_range else (low << shift, high << shift)


def luma_from_code(codes: Tensor, coding: ChromaCoding) -> Tensor:
    """Turn luma codes, any shape, into float32 Y' in [0, 1]; beyond black and white, where no colour fits, clamped."""
    black, white = coding.luma_bounds
    return (codes.float() - black).mul_(1 / (white - black)).clamp_(0, 1)


def lightness_from_luma(luma: Tensor) -> Tensor:
    """L* in 0..100 of the grey whose R' = G' = B' = Y' in [0, 1]: what the network sees, in training and in use."""
    luma = _at_least_float32(luma).clamp(0, 1)
    above = luma.clamp(min=12.92 * _TOE)
    base = (above + 0.055).mul_(1 / 1.055)
    linear = (base**2.4).add_(luma - above, alpha=1 / 12.92)
    root = (base**0.8).clamp_(min=_DELTA)  # the cube root of base ** 2.4
    return root.add_(linear.clamp_(max=_DELTA**3).sub_(_DELTA**3), alpha=1 / (3 * _DELTA**2)).mul_(116).sub_(16)


@functools.cache
def lightness_table(coding: ChromaCoding) -> np.ndarray:
    """L* of every luma code of a stream, (2 ** bit_depth,) float32; see `lightness_from_luma`."""
    return lightness_from_luma(luma_from_code(torch.arange(1 << coding.bit_depth), coding)).numpy()


def luma_of_rgb(rgb: Tensor, matrix: Matrix) -> Tensor:
    """Y' (*, 1, H, W) of gamma-coded rgb (*, 3, H, W), both in [0, 1]."""
    kr, kg, kb = luma_weights(matrix)
    red, green, blue = _at_least_float32(rgb).unbind(-3)
    return (kr * red + kg * green + kb * blue).unsqueeze(-3)


def rgb_to_chroma(rgb: Tensor, matrix: Matrix) -> Tensor:
    """Cb and Cr (*, 2, H, W) in [-0.5, 0.5] of gamma-coded rgb (*, 3, H, W) in [0, 1]."""
    kr, _, kb = luma_weights(matrix)
    luma = luma_of_rgb(rgb, matrix).squeeze(-3)
    red, _, blue = _at_least_float32(rgb).unbind(-3)
    return torch.stack(((blue - luma) * (0.5 / (1 - kb)), (red - luma) * (0.5 / (1 - kr))), -3)


def chroma_to_rgb(luma: Tensor, chroma: Tensor, matrix: Matrix) -> Tensor:
    """Gamma-coded rgb (*, 3, H, W), clipped to [0, 1], of Y' (*, 1, H, W) and Cb, Cr (*, 2, H, W) of the same size."""
    kr, kg, kb = luma_weights(matrix)
    cb, cr = _at_least_float32(chroma).unbind(-3)
    red, blue = 2 * (1 - kr) * cr, 2 * (1 - kb) * cb
    green = _dot((-kr / kg, -kb / kg), (red, blue))
    return (_at_least_float32(luma) + torch.stack((red, green, blue), -3)).clamp_(0, 1)


def chroma_to_codes(chroma: Tensor, coding: ChromaCoding) -> Tensor:
    """Round Cb and Cr in about [-0.5, 0.5], any shape, to the stream's legal codes: uint8, or uint16 above 8 bits."""
    lowest, highest = coding.chroma_bounds
    codes = (_at_least_float32(chroma) * (highest - lowest)).add_(coding.chroma_centre)
    return codes.round_().clamp_(lowest, highest).to(coding.dtype)


def ab_to_chroma(luma: Tensor, ab: Tensor, matrix: Matrix) -> Tensor:
    """Cb and Cr of the colour that has this luma exactly and this CIELAB a and b.

    Where that colour lies outside the RGB cube it is pulled towards grey, at the same luma, until it touches it.
    L* comes from a table over (Y', a, b), built once per matrix and device, and two Newton steps on luma; the result is
    within one 12-bit code of `ab_to_chroma_exact`.

    Args:
        luma: (*, 1, h, w), Y' in [0, 1]; values outside are clamped.
        ab: (*, 2, h, w); values beyond -110..110 are clamped.
        matrix: the stream's luma coefficients.

    Returns:
        (*, 2, h, w), float32, in [-0.5, 0.5].

    Raises:
        ValueError: the shapes do not fit each other, or the matrix is unknown.
    """
    planes = _planes(luma, ab, torch.float32)
    rows = max(1, _BAND_PIXELS // max(1, planes[0][..., :1, :].numel()))
    bands = zip(*(plane.split(rows, -2) for plane in planes), strict=True)
    return torch.cat([_band_to_chroma(*band, matrix) for band in bands], -2)


def _band_to_chroma(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix) -> Tensor:
    return _chroma_in_cube(luma, *red_and_blue(luma, a, b, matrix), matrix)


def red_and_blue(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix) -> tuple[Tensor, Tensor]:
    """R' and B' of the colour that has this luma and this a and b, in the RGB cube or not; float32, all of one shape.

    Args:
        luma: Y' in [0, 1].
        a: In -110..110, and so is
        b: this.
        matrix: the stream's luma coefficients.
    """
    lightness = _look_up_lightness(luma, a, b, matrix)
    _, step = _newton(lightness, luma, a, b, matrix)
    values, step = _newton(lightness.add_(step, alpha=1 / _SLOPE_UNIT), luma, a, b, matrix)
    return tuple(torch.addcmul(value, step, slope) for value, slope in (values[0], values[2]))


def _newton(
    lightness: Tensor, luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix
) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """R', G' and B' with their slopes, and how far along those, in L* times `_SLOPE_UNIT`, luma is right."""
    values = _rgb_and_slope(lightness, a, b)
    reached, slope = (_dot(luma_weights(matrix), planes) for planes in zip(*values, strict=True))
    return values, (luma - reached).div_(slope)


def ab_to_chroma_exact(luma: Tensor, ab: Tensor, matrix: Matrix) -> Tensor:
    """The same as `ab_to_chroma` by bisection in float64, about 60 times slower: the reference it is tested against."""
    luma, a, b = _planes(luma, ab, torch.float64)
    lightness = _solve_lightness(luma, a, b, matrix, halvings=45)
    (red, _), _, (blue, _) = _rgb_and_slope(lightness, a, b)
    return _chroma_in_cube(luma, red, blue, matrix)


def _at_least_float32(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def _planes(luma: Tensor, ab: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    if luma.shape[-3:-2] != (1,) or ab.shape[-3:-2] != (2,) or luma.shape[-2:] != ab.shape[-2:]:
        raise ValueError(f"luma {tuple(luma.shape)} and ab {tuple(ab.shape)} must be (*, 1, h, w) and (*, 2, h, w)")
    a, b = ab.to(dtype).clamp(-AB_LIMIT, AB_LIMIT).unbind(-3)
    return luma.to(dtype).clamp(0, 1).squeeze(-3).expand_as(a), a, b


def _chroma_in_cube(luma: Tensor, red: Tensor, blue: Tensor, matrix: Matrix) -> Tensor:
    """Cb and Cr times the largest s in [0, 1] that keeps R', G' and B', linear in them at one luma, in [0, 1]."""
    kr, kg, kb = luma_weights(matrix)
    red, blue = red - luma, blue - luma
    green = _dot((-kr / kg, -kb / kg), (red, blue))
    highest = torch.maximum(red, blue).maximum(green).clamp_(min=1e-12)
    lowest = torch.minimum(red, blue).minimum(green).clamp_(max=-1e-12)
    keep = torch.minimum((1 - luma).div_(highest), (luma / lowest).neg_()).clamp_(max=1)
    return torch.stack((blue.mul_(keep).mul_(0.5 / (1 - kb)), red.mul_(keep).mul_(0.5 / (1 - kr))), -3)


@functools.cache
def _rgb_from_cubes() -> list[list[float]]:
    """Matrix from (x, y, z) / white to linear RGB."""
    inverse = torch.linalg.inv(torch.tensor(_XYZ_FROM_RGB, dtype=torch.float64))
    return (inverse * torch.tensor(_WHITE, dtype=torch.float64)).tolist()


def _rgb_and_slope(lightness: Tensor, a: Tensor, b: Tensor) -> list[tuple[Tensor, Tensor]]:
    """R', G' and B' of a Lab colour, in the cube or not, and the slope of each in L*, over `_SLOPE_UNIT`."""
    root = (lightness + 16) * (1 / 116)
    cubes, squares = [], []
    for value in (torch.add(root, a, alpha=1 / 500), root, torch.sub(root, b, alpha=1 / 200)):
        above = value.clamp(min=_DELTA)
        squares.append(above * above)
        cubes.append((squares[-1] * above).add_(value - above, alpha=3 * _DELTA**2))
    return [_gamma_and_slope(_dot(row, cubes), _dot(row, squares)) for row in _rgb_from_cubes()]


def _gamma_and_slope(linear: Tensor, linear_slope: Tensor) -> tuple[Tensor, Tensor]:
    """The sRGB curve, odd about zero, and its slope times another, up to a constant factor."""
    size = linear.abs()
    above = size.clamp(min=_TOE)
    power = above ** (1 / 2.4)
    coded = (power * 1.055).add_(size.sub_(above), alpha=12.92).sub_(0.055).copysign_(linear)
    return coded, power.div_(above).mul_(linear_slope)


def _dot(weights: Sequence[float], planes: Sequence[Tensor]) -> Tensor:
    total = planes[0] * weights[0]
    for weight, plane in zip(weights[1:], planes[1:], strict=True):
        total.add_(plane, alpha=weight)
    return total


def _solve_lightness(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix, *, halvings: int) -> Tensor:
    """Find the L* at which a Lab colour has this luma: luma rises with L* wherever it lies in [0, 1]."""
    weights = luma_weights(matrix)
    low, high = _LIGHTNESS_BRACKET
    middle, half_width = torch.full_like(luma, (low + high) / 2), (high - low) / 2
    for _ in range(halvings):
        half_width /= 2
        too_dark = _dot(weights, [value for value, _ in _rgb_and_slope(middle, a, b)]) < luma
        middle += torch.where(too_dark, half_width, -half_width)
    return middle


@functools.cache
@torch.inference_mode(False)  # kept for whoever asks next, who may want gradients
def _lightness_atlas(matrix: Matrix, device: torch.device) -> Tensor:
    """L* over (a, b) for each step of Y', one below the other, its two ends as channels: faster than a 3-D table."""
    ab = torch.linspace(-AB_LIMIT, AB_LIMIT, _AB_NODES)
    luma, a, b = torch.meshgrid(torch.linspace(0, 1, _LUMA_NODES), ab, ab, indexing="ij")
    table = _solve_lightness(luma, a, b, matrix, halvings=14)
    return torch.stack((table[:-1], table[1:])).reshape(1, 2, -1, _AB_NODES).to(device)


def _look_up_lightness(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix) -> Tensor:
    atlas = _lightness_atlas(matrix, luma.device)
    position = luma * (_LUMA_NODES - 1)
    step = position.floor().clamp_(max=_LUMA_NODES - 2)
    row = (a * ((_AB_NODES - 1) / 2 / AB_LIMIT)).add_(step, alpha=_AB_NODES).add_((_AB_NODES - 1) / 2)
    grid = torch.stack((b * (1 / AB_LIMIT), row.mul_(2 / (atlas.shape[-2] - 1)).sub_(1)), -1).reshape(1, 1, -1, 2)
    ends = F.grid_sample(atlas, grid, padding_mode="border", align_corners=True)
    return torch.lerp(ends[0, 0], ends[0, 1], position.sub_(step).reshape(1, -1)).reshape(luma.shape)
