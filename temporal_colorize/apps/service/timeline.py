"""How sure the colours of a video were over time, and where its scenes change, in some hundred points."""

from typing import NamedTuple

_MOST = 400  # points that are no cuts


class Point(NamedTuple):
    """A frame: seconds, the mean of its confidence in 0..1 or None if nobody asked, and whether a scene begins."""

    time: float
    confidence: float | None
    is_cut: bool


class Timeline:
    """Keeps every cut, and of the other frames every first, second, fourth ... as a video goes on."""

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._plain, self._seen, self._every = 0, 0, 1

    def add(self, point: Point) -> None:
        """Take the next frame."""
        self._seen += 1
        if not point.is_cut and (self._seen - 1) % self._every:
            return
        self._points.append(point)
        self._plain += not point.is_cut
        if self._plain > _MOST:
            self._thin()

    def points(self) -> list[Point]:
        """Return those that are kept, in order."""
        return list(self._points)

    def _thin(self) -> None:
        left = True
        kept = []
        for point in self._points:
            if point.is_cut or left:
                kept.append(point)
            if not point.is_cut:
                left = not left
        self._points, self._every = kept, 2 * self._every
        self._plain = sum(not point.is_cut for point in kept)
