"""How a video's pictures are turned when they are shown: people mean what they see, frames are as they are stored."""

from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.box import Box


class Turn(NamedTuple):
    """A turn by quarters, perhaps mirrored: what is stored at (x, y) is shown at (a x + c y, b x + d y)."""

    a: int
    b: int
    c: int
    d: int

    @classmethod
    def of(cls, display_matrix: tuple[int, ...] | None) -> "Turn":
        """Read FFmpeg's display matrix, see `VideoInfo`; of other angles, the turn that has its signs."""
        return cls(1, 0, 0, 1) if display_matrix is None else cls(*(_sign(display_matrix[n]) for n in (0, 1, 3, 4)))

    @property
    def ahead(self) -> tuple[int, int]:
        """Whether rows and columns, as they are stored, go down or right when shown (1), or up or left (-1)."""
        return (self.d, self.a) if self.a else (self.c, self.b)

    def shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return (height, width) as shown of those that are stored, and the other way round."""
        return shape if self.a else shape[::-1]

    def stored(self, shown: np.ndarray) -> np.ndarray:
        """Turn a picture, (H, W, *), from how it is shown to how it is stored."""
        down, across = self.ahead
        return (shown if self.a else shown.swapaxes(0, 1))[::down, ::across]

    def shown(self, stored: np.ndarray) -> np.ndarray:
        """Turn a picture, (H, W, *), from how it is stored to how it is shown."""
        down, across = self.ahead
        flipped = stored[::down, ::across]
        return flipped if self.a else flipped.swapaxes(0, 1)

    def stored_box(self, shown: Box) -> Box:
        """Find a part of what is shown in what is stored."""
        columns, rows = (shown.left, shown.right), (shown.top, shown.bottom)
        if not self.a:
            columns, rows = rows, columns
        down, across = self.ahead
        (left, right), (top, bottom) = (_from_end(columns, across), _from_end(rows, down))
        return Box(left, top, right, bottom)


UNTURNED = Turn.of(None)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _from_end(span: tuple[float, float], ahead: int) -> tuple[float, float]:
    return span if ahead > 0 else (1 - span[1], 1 - span[0])
