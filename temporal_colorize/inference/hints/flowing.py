"""What dense flow says of a canvas: where the last mask is now, and how its piece has moved as a whole."""

from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.hints.ground import similarity
from temporal_colorize.inference.hints.window import CANVAS, Window

_AGREE, _LIKE = 1.0, 8.0  # pixels of the canvas and codes of luma by which flow may be off where it is believed
_BELIEVED = 0.2  # trust from which on a pixel tells how the piece moves
_FEWEST, _MOST = 30, 300  # such pixels
_FAINT = 0.03
_EDGE = 3.0  # at the edge a blurred half: what is little below is let through, or edges would wear off


class Flow(NamedTuple):
    """What flow brings to this canvas.

    Attributes:
        mask: The last one, and
        trust: how far it is to be believed, (CANVAS, CANVAS) float32 in 0..1.
        canvas: The last one, uint8.
        motion: Of the piece, in pixels of luma, (3, 3).
    """

    mask: np.ndarray
    trust: np.ndarray
    canvas: np.ndarray
    motion: np.ndarray


def flow_on(last: np.ndarray, mask: np.ndarray, canvas: np.ndarray, windows: tuple[Window, Window]) -> Flow:
    """Follow a mask from the last canvas to this one; their windows are those of both."""
    import cv2

    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = dis.calc(canvas, last, None), dis.calc(last, canvas, None)
    astray = np.linalg.norm(back + _warp(forth, back), axis=-1) / _AGREE
    aligned = _warp(last, back)
    apart = cv2.blur(cv2.absdiff(canvas, aligned).astype(np.float32), (5, 5)) / _LIKE
    trust = np.exp(-0.5 * (astray**2 + apart**2)).astype(np.float32)
    motion = _whole((mask > 0.5) & (_warp(trust, forth) > _BELIEVED), forth, windows)
    return Flow(_warp(mask, back) * _reached(mask, forth), trust, aligned, motion)


def unlike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Codes of luma by which surroundings of canvases differ, float32."""
    import cv2

    return cv2.GaussianBlur(cv2.absdiff(one, other).astype(np.float32), (0, 0), 2.0)


def along_edges(share: np.ndarray, canvas: np.ndarray, *, radius: int = 3, eps: float = 80.0) -> np.ndarray:
    """Let a plane follow luma's edges: the guided filter of He, Sun and Tang 2010."""
    import cv2

    size = 2 * radius + 1, 2 * radius + 1
    luma = canvas.astype(np.float32)
    mean, mean_share = cv2.blur(luma, size), cv2.blur(share, size)
    slope = (cv2.blur(luma * share, size) - mean * mean_share) / (cv2.blur(luma * luma, size) - mean * mean + eps)
    offset = mean_share - slope * mean
    return np.clip(cv2.blur(slope, size) * luma + cv2.blur(offset, size), 0, 1)


def _whole(sure: np.ndarray, forth: np.ndarray, windows: tuple[Window, Window]) -> np.ndarray:
    """Fit one motion to what moves surely; none if that is little."""
    rows, columns = np.nonzero(sure)
    if len(rows) < _FEWEST:
        return np.eye(3)
    some = slice(None, None, max(1, len(rows) // _MOST))
    points = np.stack((columns, rows), 1)[some].astype(np.float64)
    there = points + forth[rows[some], columns[some]]
    before, after = (window.of_canvas(place) for window, place in zip(windows, (points, there), strict=True))
    return similarity(before, after, near=windows[0].side / CANVAS)


def _warp(plane: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Read a plane off where a flow, (h, w, 2) in pixels, points to."""
    import cv2

    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    where = columns + flow[..., 0], rows + flow[..., 1]
    return cv2.remap(plane, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _reached(mask: np.ndarray, forth: np.ndarray) -> np.ndarray:
    """Say where a mask's pixels go by a flow, 0..1: what it uncovers, which a flow back takes along, none of them does.

    Pixels are shared out bilinearly.
    """
    import cv2

    rows, columns = np.nonzero(mask > _FAINT)
    x, y = columns + forth[rows, columns, 0], rows + forth[rows, columns, 1]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    total = np.zeros(mask.size)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = np.abs(1 - across - (x - left)) * np.abs(1 - down - (y - top)) * mask[rows, columns]
        at = np.clip(top + down, 0, CANVAS - 1) * CANVAS + np.clip(left + across, 0, CANVAS - 1)
        total += np.bincount(at, share, mask.size)
    spread = cv2.GaussianBlur(total.reshape(mask.shape).astype(np.float32), (0, 0), 1.0)
    return np.clip(_EDGE * spread, 0, 1)
