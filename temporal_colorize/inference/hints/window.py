"""A square that follows a region, in which it always has about the same size."""

from typing import NamedTuple

import numpy as np

CANVAS = 128  # pixels a side
_CONTEXT = 2.2  # of the region's longer side: what is around it tells it apart
_LEAST = 16.0  # pixels of luma
_EASE = 0.2  # of a change of size that is followed at once


class Window(NamedTuple):
    """A square of the picture, in pixels of luma.

    Attributes:
        x: of its middle, pixels' middles being at whole numbers, and
        y: likewise.
        side: its length.
    """

    x: float
    y: float
    side: float

    @classmethod
    def around(cls, mask: np.ndarray) -> "Window":
        """Put one around a mask, (H, W), that is not empty."""
        (left, top), (right, bottom) = _extent(mask)
        return cls((left + right) / 2, (top + bottom) / 2, max(_LEAST, _CONTEXT * max(right - left, bottom - top)))

    def follow(self, mask: np.ndarray) -> "Window":
        """Move towards a mask on the canvas that is not empty."""
        (left, top), (right, bottom) = _extent(mask)
        scale, middle = self.side / CANVAS, (CANVAS - 1) / 2
        side = max(_LEAST, _CONTEXT * max(right - left, bottom - top) * scale)
        x, y = ((low + high) / 2 - middle for low, high in ((left, right), (top, bottom)))
        return Window(self.x + x * scale, self.y + y * scale, self.side + _EASE * (side - self.side))

    def moved(self, x: float, y: float) -> "Window":
        """Shift it by pixels of luma."""
        return self._replace(x=self.x + x, y=self.y + y)

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """Cut out, (CANVAS, CANVAS), of (H, W); beyond the border as at the border."""
        import cv2

        scale = CANVAS / self.side
        if scale < 0.7:
            small = max(1, int(1 / scale))  # averaged first, or fine structure would alias
            picture = cv2.blur(picture, (small, small))
        return cv2.warpAffine(picture, self._to_canvas(), (CANVAS, CANVAS), borderMode=cv2.BORDER_REPLICATE)

    def paste(self, canvas: np.ndarray, shape: tuple[int, int], scale: tuple[float, float]) -> np.ndarray:
        """Bring what is on the canvas into a picture of a shape whose pixels are so many of luma; 0 elsewhere."""
        import cv2

        down, across = scale
        step = self.side / CANVAS
        place = np.float64([
            [step / across, 0, ((self.x - step * (CANVAS - 1) / 2) + 0.5) / across - 0.5],
            [0, step / down, ((self.y - step * (CANVAS - 1) / 2) + 0.5) / down - 0.5],
        ])  # fmt: skip
        return cv2.warpAffine(canvas, place, shape[::-1])

    def recut(self, canvas: np.ndarray, before: "Window") -> np.ndarray:
        """Bring what is on another window's canvas onto this one's."""
        import cv2

        zoom, step = self.side / before.side, CANVAS / before.side
        rest = (1 - zoom) * (CANVAS - 1) / 2
        place = np.float64([[zoom, 0, (self.x - before.x) * step + rest], [0, zoom, (self.y - before.y) * step + rest]])
        return cv2.warpAffine(canvas, place, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

    def brought(self, canvas: np.ndarray, motion: np.ndarray, before: "Window") -> np.ndarray:
        """Bring what is on another window's canvas onto this one's, as a motion, (3, 3), moves its pixels."""
        import cv2

        inverse = np.linalg.inv(np.vstack((before._to_canvas(), (0, 0, 1))))
        return cv2.warpAffine(canvas, self._to_canvas() @ motion @ inverse, (CANVAS, CANVAS))

    def cut_moved(self, picture: np.ndarray, motion: np.ndarray) -> np.ndarray:
        """Cut out of a picture whose pixels a motion, (3, 3), brings to the window's own."""
        import cv2

        place = self._to_canvas() @ motion
        return cv2.warpAffine(picture, place, (CANVAS, CANVAS), borderMode=cv2.BORDER_REPLICATE)

    def of_canvas(self, points: np.ndarray) -> np.ndarray:
        """Say where points of the canvas are, (N, 2), x first, in pixels of luma."""
        return (points - (CANVAS - 1) / 2) * (self.side / CANVAS) + (self.x, self.y)

    def _to_canvas(self) -> np.ndarray:
        scale, middle = CANVAS / self.side, (CANVAS - 1) / 2
        return np.float64([[scale, 0, middle - scale * self.x], [0, scale, middle - scale * self.y]])


def _extent(mask: np.ndarray) -> list[list[float]]:
    """Return x and y of the corners between which a mask lies, but for its outermost few pixels."""
    rows, columns = np.nonzero(mask > 0.5)
    return np.percentile(np.stack((columns, rows)), [2, 98], axis=1).tolist()
