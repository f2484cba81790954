"""The chroma planes of a stream, laid anew where its luma or the estimate of its colours has changed."""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.color.chroma_codes import ChromaCoder
from temporal_colorize.inference.gate import Box
from temporal_colorize.inference.hints.guidance import Guidance
from temporal_colorize.inference.snapshot import Snapshot, give_back, take
from temporal_colorize.inference.upsample import fit_lines

_TILE = 128  # pixels a side; larger buffers leave a core's cache, and go back to the system after every step

_CARRIED = ("planes", "_lines")


class ChromaLayer:
    """Holds the estimate, and the Cb and Cr that were made of it.

    Args:
        coding: How the stream writes them.
        shape: (height, width) of the chroma planes.

    Attributes:
        planes: Cb and Cr codes, (H, W) each; never changed in place, so they may be passed on.
    """

    def __init__(self, coding: ChromaCoding, shape: tuple[int, int]) -> None:
        dtype = np.uint8 if coding.bit_depth == 8 else np.uint16
        self.planes = tuple(np.full(shape, coding.chroma_centre, dtype) for _ in range(2))
        self._coder = ChromaCoder(coding)
        self._lines: np.ndarray  # offset and slope of a and b, (4, h, w)
        self._axes: tuple[_Axis, _Axis] | None = None

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a layer like this one."""
        give_back(self, _CARRIED, snapshot)

    def estimate(self, ab: Tensor, seen: Tensor) -> None:
        """Take a new estimate: ab, (2, h, w), of a picture whose L* is seen, (1, H0, W0)."""
        low = F.interpolate(seen[None], ab.shape[-2:], mode="area")[0]
        self._lines = np.concatenate(self._coder.steps(*(part.numpy() for part in fit_lines(ab, low))))

    def lay(self, luma: np.ndarray, boxes: Sequence[Box], known: Guidance | None = None) -> None:
        """Make Cb and Cr in the boxes, rows and columns of them, for luma codes, (H, W), at their resolution.

        Known colours are laid over the estimate by their mask.
        """
        if not boxes:
            return
        if self._axes is None:
            self._axes = tuple(map(_Axis, self._lines.shape[-2:], self.planes[0].shape))
        self.planes = tuple(plane.copy() for plane in self.planes)
        for tile in (tile for box in boxes for tile in _tiles(box)):
            lines = self._enlarge(*tile)
            self._coder(luma[tile], lines[:2], lines[2:], *(plane[tile] for plane in self.planes))
            if known is not None and known.mask[tile].any():
                self._lay_over(luma, tile, known)

    def _lay_over(self, luma: np.ndarray, tile: Box, known: Guidance) -> None:
        """Mix codes: at one luma what is between two colours of the RGB cube is in it."""
        ab = known.ab[:, *tile]
        offset, slope = self._coder.steps(ab, np.zeros_like(ab))
        given = [np.empty_like(luma[tile]) for _ in self.planes]
        self._coder(luma[tile], offset, slope, *given)
        for plane, codes in zip(self.planes, given, strict=True):
            estimate = plane[tile].astype(np.float32)
            plane[tile] = np.rint(estimate + known.mask[tile] * (codes - estimate))

    def _enlarge(self, rows: slice, columns: slice) -> np.ndarray:
        """Enlarge the lines bilinearly to these rows and columns, (4, H, W)."""
        (down, row_weights), (across, column_weights) = (
            axis.weights(part) for axis, part in zip(self._axes, (rows, columns), strict=True)
        )
        return (row_weights @ self._lines[:, down, across]) @ column_weights.T


class _Axis:
    """Bilinear enlargement of one axis, from `small` to `large` pixels."""

    def __init__(self, small: int, large: int) -> None:
        import cv2

        self._weights = cv2.resize(np.eye(small, dtype=np.float32), (small, large))  # (large, small)
        present = self._weights > 0
        self._first, self._last = present.argmax(1), small - present[:, ::-1].argmax(1)

    def weights(self, part: slice) -> tuple[slice, np.ndarray]:
        """Return which small pixels a part of the large ones is made of, and their weights in each."""
        of = slice(self._first[part.start], self._last[part.stop - 1])
        return of, self._weights[part, of]


def _tiles(box: Box) -> Iterator[Box]:
    rows, columns = box
    for top in range(rows.start, rows.stop, _TILE):
        for left in range(columns.start, columns.stop, _TILE):
            yield slice(top, min(top + _TILE, rows.stop)), slice(left, min(left + _TILE, columns.stop))
