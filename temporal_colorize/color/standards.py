"""What the standards say: the luma of BT.601, BT.709 and BT.2020, the curve of sRGB, and the curve of CIELAB."""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import Tensor

Matrix = Literal["bt601", "bt709", "bt2020"]

_KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
DELTA = 6 / 29  # where CIE's f turns from a line into a cube root
TOE = 0.0031308  # where the sRGB curve turns from a line into a power, in linear light
AB_LIMIT = 110.0  # no colour of the sRGB cube has |a| or |b| above 107.9


def luma_weights(matrix: str) -> tuple[float, float, float]:
    """Shares of R', G' and B' in Y'; ValueError for an unknown matrix."""
    if matrix not in _KR_KB:
        raise ValueError(f"matrix={matrix!r} is not known; use one of {', '.join(get_args(Matrix))}")
    kr, kb = _KR_KB[matrix]
    return kr, 1 - kr - kb, kb


def dot(weights: Sequence[float], planes: Sequence[Tensor]) -> Tensor:
    """Add planes up, each times its weight."""
    total = planes[0] * weights[0]
    for weight, plane in zip(weights[1:], planes[1:], strict=True):
        total.add_(plane, alpha=weight)
    return total
