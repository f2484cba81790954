"""Finds again what was hidden: by its last whole look."""

from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.hints.window import CANVAS, Window

_SMALLEST = 6  # pixels a side of what is looked for
_FAR = 2.0  # windows' sides from where it was lost
_FOUND = 0.7  # correlation of what is surely it,
_LIKELY, _APART = 0.45, 0.75  # and of what is it if all else answers with less than that share of it


class Look(NamedTuple):
    """What a region looked like.

    Attributes:
        canvas: (CANVAS, CANVAS) uint8.
        mask: Of the region on it, float32 in 0..1.
        window: Where it was.
        pose: How it had moved there; see `Region`.
    """

    canvas: np.ndarray
    mask: np.ndarray
    window: Window
    pose: np.ndarray


def search(luma: np.ndarray, look: Look, lost: Window) -> Window | None:
    """Find where the window is now, in luma, (H, W), around where the region was lost; None if nowhere."""
    import cv2

    rows, columns = (slice(part.min(), part.max() + 1) for part in np.nonzero(look.mask > 0.5))
    scale = look.window.side / CANVAS
    size = [max(1, round((part.stop - part.start) * scale)) for part in (rows, columns)]
    reach = [_FAR * look.window.side + length for length in size]
    places = zip((lost.y, lost.x), reach, luma.shape, strict=True)
    first = [slice(max(0, int(at - far)), min(most, int(at + far))) for at, far, most in places]
    around = luma[*first]
    if min(size) < _SMALLEST or any(part < whole for part, whole in zip(around.shape, size, strict=True)):
        return None
    pattern = cv2.resize(look.canvas[rows, columns], size[::-1], interpolation=cv2.INTER_AREA)
    place = _peak(cv2.matchTemplate(around, pattern, cv2.TM_CCOEFF_NORMED), size)
    if place is None:
        return None
    middles = [((part.start + part.stop - CANVAS) / 2) * scale for part in (rows, columns)]
    y, x = (
        begin.start + at + (length - 1) / 2 - middle
        for begin, at, length, middle in zip(first, place, size, middles, strict=True)
    )
    return Window(x, y, look.window.side)


def _peak(likeness: np.ndarray, size: list[int]) -> tuple[int, int] | None:
    """Find the peak's row and column, if it stands out."""
    import cv2

    _, best, _, (left, top) = cv2.minMaxLoc(likeness)
    near = [slice(max(0, at - length // 2), at + length // 2 + 1) for at, length in zip((top, left), size, strict=True)]
    rest = likeness.copy()
    rest[*near] = 0
    if best < _FOUND and (best < _LIKELY or rest.max() > _APART * best):
        return None
    return top, left
