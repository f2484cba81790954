"""From luma, a and b to the Cb and Cr of a video stream, with luma held constant, and back to R'G'B'.

R'G'B' are taken to be sRGB-coded (IEC 61966-2-1) with BT.709 primaries and a D65 white whatever matrix the stream
uses: of the stream only the luma coefficients, the range and the bit depth matter here. Everything is computed in
float32 or float64, inside autocast too.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.constant_luma import red_and_blue, red_and_blue_exact
from temporal_colorize.color.standards import AB_LIMIT, DELTA, TOE, Matrix, dot, luma_weights

_BAND_PIXELS = 1 << 17  # larger buffers go back to the system after every step, and fetching them again costs double


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
    above = luma.clamp(min=12.92 * TOE)
    base = (above + 0.055).mul_(1 / 1.055)
    linear = (base**2.4).add_(luma - above, alpha=1 / 12.92)
    root = (base**0.8).clamp_(min=DELTA)  # the cube root of base ** 2.4
    return root.add_(linear.clamp_(max=DELTA**3).sub_(DELTA**3), alpha=1 / (3 * DELTA**2)).mul_(116).sub_(16)


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
    green = dot((-kr / kg, -kb / kg), (red, blue))
    return (_at_least_float32(luma) + torch.stack((red, green, blue), -3)).clamp_(0, 1)


def chroma_to_codes(chroma: Tensor, coding: ChromaCoding) -> Tensor:
    """Round Cb and Cr in about [-0.5, 0.5], any shape, to the stream's legal codes: uint8, or uint16 above 8 bits."""
    lowest, highest = coding.chroma_bounds
    codes = (_at_least_float32(chroma) * (highest - lowest)).add_(coding.chroma_centre)
    return codes.round_().clamp_(lowest, highest).to(coding.dtype)


def chroma_from_codes(codes: Tensor, coding: ChromaCoding) -> Tensor:
    """Turn chroma codes, any shape, into float32 Cb and Cr in about [-0.5, 0.5]."""
    lowest, highest = coding.chroma_bounds
    return (codes.to(torch.float32) - coding.chroma_centre) / (highest - lowest)


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


def ab_to_chroma_exact(luma: Tensor, ab: Tensor, matrix: Matrix) -> Tensor:
    """The same as `ab_to_chroma` by bisection in float64, about 60 times slower: the reference it is tested against."""
    luma, a, b = _planes(luma, ab, torch.float64)
    return _chroma_in_cube(luma, *red_and_blue_exact(luma, a, b, matrix), matrix)


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
    green = dot((-kr / kg, -kb / kg), (red, blue))
    highest = torch.maximum(red, blue).maximum(green).clamp_(min=1e-12)
    lowest = torch.minimum(red, blue).minimum(green).clamp_(max=-1e-12)
    keep = torch.minimum((1 - luma).div_(highest), (luma / lowest).neg_()).clamp_(max=1)
    return torch.stack((blue.mul_(keep).mul_(0.5 / (1 - kb)), red.mul_(keep).mul_(0.5 / (1 - kr))), -3)
