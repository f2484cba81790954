"""A part of a picture of any size."""

from typing import NamedTuple


class Box(NamedTuple):
    """A part of a picture, in shares of its width and height: all in 0..1."""

    left: float
    top: float
    right: float
    bottom: float

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        """Return its rows and columns in a plane of some size: at least one of each."""
        return _span(self.top, self.bottom, height), _span(self.left, self.right, width)


def _span(start: float, end: float, length: int) -> slice:
    first = min(length - 1, round(start * length))
    return slice(first, max(first + 1, round(end * length)))
