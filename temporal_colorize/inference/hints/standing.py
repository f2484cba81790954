"""Tells what stands still from what goes with a hinted piece, by pictures of some frames ago."""

from collections.abc import Iterable

import numpy as np

from temporal_colorize.inference.hints.flowing import unlike
from temporal_colorize.inference.hints.window import CANVAS, Window

_PARTED = 3.0  # pixels of the canvas between where the piece was and where it would be had it stayed
_CLEAR = 0.8  # of the unlikeness of what stayed: what went must be so much liker, on the whole of the piece
_MARGIN, _SLOPE = 3.0, 1.5  # codes of luma by which what stayed is liker, pixel by pixel; and by how fine they decide
_NOISE, _SAME = 4.0, 3.0  # codes of luma at most of noise, and beyond it, of what is still the same
_SHIFTS = [(down, across) for down in (-2, 0, 2) for across in (-2, 0, 2)]  # a piece is not quite stiff

Pair = tuple[np.ndarray, np.ndarray, np.ndarray]  # luma of some frames ago; how the piece went since; the ground


def standing(canvas: np.ndarray, window: Window, mask: np.ndarray, earlier: Iterable[Pair]) -> np.ndarray:
    """Say which pixels have stayed with the ground while the piece went on: shares in 0..1, (CANVAS, CANVAS).

    What looks as it did at its place on the ground some frames ago, and not as what the piece brought along, is not of
    the piece. Where both look alike, and while the piece has hardly moved against the ground, nothing is said.
    """
    still, piece = np.zeros_like(mask), mask > 0.5
    for luma, gone, stayed in earlier:
        if piece.any() and _parted(window, piece, gone @ np.linalg.inv(stayed)) >= _PARTED:
            moved = (window.cut_moved(luma, motion) for motion in (gone, stayed))
            still = np.maximum(still, _stayed(canvas, *moved, piece))
    return still


def _parted(window: Window, piece: np.ndarray, motion: np.ndarray) -> float:
    rows, columns = np.nonzero(piece)
    points = window.of_canvas(np.stack((columns, rows), 1).astype(np.float64))
    apart = points @ motion[:2, :2].T + motion[:2, 2] - points
    return float(np.linalg.norm(apart, axis=1).mean()) * CANVAS / window.side


def _stayed(canvas: np.ndarray, gone: np.ndarray, stayed: np.ndarray, piece: np.ndarray) -> np.ndarray:
    off_stayed = unlike(canvas, stayed)
    off_gone = np.min([unlike(canvas, np.roll(gone, shift, (0, 1))) for shift in _SHIFTS], axis=0)
    if off_gone[piece].mean() > _CLEAR * off_stayed[piece].mean():
        return np.zeros_like(off_gone)
    surer = 1 / (1 + np.exp(_SLOPE * np.clip(_MARGIN + off_stayed - off_gone, -20, 20)))
    noise = min(_NOISE, max(1.0, float(np.median(off_stayed))))
    return surer * np.exp(-0.5 * (np.maximum(off_stayed - noise, 0) / _SAME) ** 2)
