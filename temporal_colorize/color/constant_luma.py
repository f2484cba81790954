"""Finds the colour that has a given luma and a given CIELAB a and b: its L* is the one unknown.

R'G'B' are taken to be sRGB-coded (IEC 61966-2-1) with BT.709 primaries and a D65 white, whatever the matrix.
"""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from temporal_colorize.color.standards import AB_LIMIT, DELTA, TOE, Matrix, dot, luma_weights

_WHITE = (0.95047, 1.0, 1.08883)  # D65, 2 degrees: the white of scikit-image and kornia
_XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_LIGHTNESS_BRACKET = (-30.0, 180.0)  # holds the solution for every luma in 0..1 and |a|, |b| <= AB_LIMIT
_LUMA_NODES, _AB_NODES = 49, 89
_SLOPE_UNIT = 3 / 116 * 1.055 / 2.4  # what `_rgb_and_slope` leaves out of its slopes


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
    reached, slope = (dot(luma_weights(matrix), planes) for planes in zip(*values, strict=True))
    return values, (luma - reached).div_(slope)


def red_and_blue_exact(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix) -> tuple[Tensor, Tensor]:
    """The same as `red_and_blue` by bisection, about 60 times slower, in the type of what is given: use float64."""
    lightness = _solve_lightness(luma, a, b, matrix, halvings=45)
    (red, _), _, (blue, _) = _rgb_and_slope(lightness, a, b)
    return red, blue


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
        above = value.clamp(min=DELTA)
        squares.append(above * above)
        cubes.append((squares[-1] * above).add_(value - above, alpha=3 * DELTA**2))
    return [_gamma_and_slope(dot(row, cubes), dot(row, squares)) for row in _rgb_from_cubes()]


def _gamma_and_slope(linear: Tensor, linear_slope: Tensor) -> tuple[Tensor, Tensor]:
    """The sRGB curve, odd about zero, and its slope times another, up to a constant factor."""
    size = linear.abs()
    above = size.clamp(min=TOE)
    power = above ** (1 / 2.4)
    coded = (power * 1.055).add_(size.sub_(above), alpha=12.92).sub_(0.055).copysign_(linear)
    return coded, power.div_(above).mul_(linear_slope)


def _solve_lightness(luma: Tensor, a: Tensor, b: Tensor, matrix: Matrix, *, halvings: int) -> Tensor:
    """Find the L* at which a Lab colour has this luma: luma rises with L* wherever it lies in [0, 1]."""
    weights = luma_weights(matrix)
    low, high = _LIGHTNESS_BRACKET
    middle, half_width = torch.full_like(luma, (low + high) / 2), (high - low) / 2
    for _ in range(halvings):
        half_width /= 2
        too_dark = dot(weights, [value for value, _ in _rgb_and_slope(middle, a, b)]) < luma
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
