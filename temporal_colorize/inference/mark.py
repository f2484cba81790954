"""A visible mark in the picture itself that its colours are estimated."""

from dataclasses import replace
from typing import Any

import numpy as np

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.turn import Turn
from temporal_colorize.video import Frame

TEXT = "COLOURS ESTIMATED"
_HEIGHT = 0.05  # of the box, of the picture's shorter side
_LEAST, _WIDEST = 18, 0.9  # lines that letters need to be read; of the picture's width
_MARGIN = 0.4  # around the letters, of their height
_GRID = 4  # chroma planes are smaller by 1, 2 or 4
_FAINTER = 0.15  # of the range, that ink and paper keep from its ends
_DRAWN = 8  # times larger, and then shrunk


class Mark:
    """Letters on a dark box in the lower right corner, as it is shown; it has no colour.

    Args:
        shape: (height, width) of the pictures, as they are stored.
        display_matrix: How they are turned when they are shown, see `VideoInfo`.

    Attributes:
        box: Rows and columns of the picture that it covers.
    """

    def __init__(self, shape: tuple[int, int], display_matrix: tuple[int, ...] | None = None) -> None:
        turn = Turn.of(display_matrix)
        share = turn.stored(_draw(*turn.shape(shape)))
        self.box = tuple(map(_place, shape, share.shape, turn.ahead))
        self._share = share[tuple(slice(0, part.stop - part.start) for part in self.box)]

    note = f"{TEXT} is written into the picture: its luma is another there"

    def as_json(self) -> dict[str, Any]:
        """Say what it is and where, (x, y, width, height)."""
        rows, columns = self.box
        box = [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start]
        return {"text": TEXT, "box": box}

    def on(
        self, frame: Frame, cb: np.ndarray, cr: np.ndarray, coding: ChromaCoding
    ) -> tuple[Frame, np.ndarray, np.ndarray]:
        """Return copies of a video's picture with the mark."""
        low, high = coding.luma_bounds
        chroma = (self._clear(plane, frame.luma.shape, coding.chroma_centre) for plane in (cb, cr))
        return replace(frame, luma=self.put(frame.luma, low=low, high=high)), *chroma

    def put(self, plane: np.ndarray, *, low: float, high: float) -> np.ndarray:
        """Return a copy of luma codes, or of RGB, (H, W, *), with the mark; black is `low` and white `high`."""
        share = _FAINTER + (1 - 2 * _FAINTER) * self._share
        marked = plane.copy()
        values = low + (high - low) * share
        values = values if np.issubdtype(plane.dtype, np.floating) else values.round()
        marked[self.box] = values.astype(plane.dtype).reshape(values.shape + (1,) * (plane.ndim - 2))
        return marked

    def _clear(self, plane: np.ndarray, shape: tuple[int, int], neutral: int) -> np.ndarray:
        """Return a copy of a chroma plane of a picture of this (height, width), without colour below the mark."""
        cleared = plane.copy()
        parts = (
            slice(part.start * length // total, -(-part.stop * length // total))
            for part, length, total in zip(self.box, plane.shape, shape, strict=True)
        )
        cleared[tuple(parts)] = neutral
        return cleared


def _place(total: int, length: int, ahead: int) -> slice:
    end = total // _GRID * _GRID or total
    return slice(max(0, end - length), end) if ahead >= 0 else slice(0, min(length, total))


def _draw(height: int, width: int) -> np.ndarray:
    """Draw the box of a picture of this size: (h, w), 0 paper .. 1 ink."""
    import cv2

    font, ink, thickness = cv2.FONT_HERSHEY_SIMPLEX, 255, 3 * _DRAWN
    (wide, tall), _ = cv2.getTextSize(TEXT, font, _DRAWN, thickness)
    margin = round(_MARGIN * tall)
    large = np.zeros((tall + 2 * margin, wide + 2 * margin), np.uint8)
    cv2.putText(large, TEXT, (margin, margin + tall), font, _DRAWN, ink, thickness, cv2.LINE_AA)
    scale = max(_HEIGHT * min(height, width), _LEAST) / large.shape[0]
    scale = min(scale, _WIDEST * width / large.shape[1], height / large.shape[0])
    lines, columns = (max(_GRID, round(scale * length / _GRID) * _GRID) for length in large.shape)
    return cv2.resize(large, (columns, lines), interpolation=cv2.INTER_AREA) / np.float32(ink)
