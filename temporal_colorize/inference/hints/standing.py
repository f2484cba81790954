"""Tells what stands still from what goes with a hinted piece, by pictures of some frames ago."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.hints.flowing import unlike
from temporal_colorize.inference.hints.window import CANVAS, Window

_PARTED = 3.0  # pixels of the canvas between where the piece was and where it would be had it stayed
_CLEAR = 0.8  # of the unlikeness of what stayed: what went must be so much liker, on the whole of the piece
_MARGIN, _SLOPE = 3.0, 1.5  # codes of luma by which what stayed is liker, pixel by pixel; and by how fine they decide
_NOISE, _SAME = 4.0, 3.0  # codes of luma at most of noise, and beyond it, of what is still the same
_SLACK = 9  # pixels of the canvas, twice those by which a piece that hardly moves may be elsewhere
_SHIFTS = [(down, across) for down in (-2, 0, 2) for across in (-2, 0, 2)]  # a piece is not quite stiff


class Then(NamedTuple):
    """Some frames ago.

    Attributes:
        luma: The picture, (H, W) uint8.
        mask: Of the piece, on the canvas of
        window: then.
        gone: How the piece has moved since, (3, 3) in pixels of luma, and
        stayed: the ground.
    """

    luma: np.ndarray
    mask: np.ndarray
    window: Window
    gone: np.ndarray
    stayed: np.ndarray


def unchanged(canvas: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Say where a canvas looks as another one did, but for noise: 0..1."""
    return _same(unlike(canvas, before))


def standing(canvas: np.ndarray, window: Window, mask: np.ndarray, earlier: Iterable[Then]) -> np.ndarray:
    """Say which pixels have stayed with the ground and are not the piece: shares in 0..1, (CANVAS, CANVAS).

    What looks as it did at its place on the ground some frames ago, and not as what the piece brought along, is not of
    the piece. While the piece has hardly moved against the ground, it is what looks the same and was not of it then.
    """
    still, piece = np.zeros_like(mask), mask > 0.5
    for then in earlier if piece.any() else ():
        if _parted(window, piece, then.gone @ np.linalg.inv(then.stayed)) >= _PARTED:
            found = _stayed(
                canvas, *(window.cut_moved(then.luma, motion) for motion in (then.gone, then.stayed)), piece
            )
        else:
            found = _was_not(canvas, window, then)
        still = np.maximum(still, found)
    return still


def _was_not(canvas: np.ndarray, window: Window, then: Then) -> np.ndarray:
    import cv2

    cover = cv2.dilate(window.brought(then.mask, then.stayed, then.window), np.ones((_SLACK, _SLACK)))
    return (1 - np.clip(2 * cover, 0, 1)) * unchanged(canvas, window.cut_moved(then.luma, then.stayed))


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
    return surer * _same(off_stayed)


def _same(off: np.ndarray) -> np.ndarray:
    noise = min(_NOISE, max(1.0, float(np.median(off))))
    return np.exp(-0.5 * (np.maximum(off - noise, 0) / _SAME) ** 2)
