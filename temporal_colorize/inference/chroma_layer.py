"""The chroma planes of a stream, laid anew where its luma or the estimate of its colours has changed."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.color.chroma_codes import ChromaCoder
from temporal_colorize.inference.gate import Box
from temporal_colorize.inference.upsample import fit_lines


class ChromaLayer:
    """Holds the enlarged estimate, and the Cb and Cr that were made of it.

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
        self._offset, self._slope = (np.empty((2, *shape), np.float32) for _ in range(2))

    def estimate(self, ab: Tensor, seen: Tensor) -> None:
        """Take a new estimate: ab, (2, h, w), of a picture whose L* is seen, (1, H0, W0)."""
        low = F.interpolate(seen[None], ab.shape[-2:], mode="area")[0]
        steps = self._coder.steps(*(part.numpy() for part in fit_lines(ab, low)))
        for large, small in zip((self._offset, self._slope), steps, strict=True):
            _enlarge(small, large)

    def lay(self, luma: np.ndarray, boxes: Sequence[Box]) -> None:
        """Make Cb and Cr in the boxes, rows and columns of them, for luma codes, (H, W), at their resolution."""
        if not boxes:
            return
        self.planes = tuple(plane.copy() for plane in self.planes)
        for rows, columns in boxes:
            cb, cr = (plane[rows, columns] for plane in self.planes)
            lines = (part[:, rows, columns] for part in (self._offset, self._slope))
            self._coder(luma[rows, columns], *lines, cb, cr)


def _enlarge(planes: np.ndarray, into: np.ndarray) -> None:
    import cv2

    for small, large in zip(planes, into, strict=True):
        cv2.resize(small, large.shape[::-1], dst=large, interpolation=cv2.INTER_LINEAR)
