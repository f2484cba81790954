"""Follows one hinted region from frame to frame, through others that hide it, by luma alone."""

import numpy as np
import torch

from temporal_colorize.inference.hints.matching import Known, cells, features, match
from temporal_colorize.inference.hints.window import CANVAS, Window
from temporal_colorize.inference.snapshot import Snapshot, give_back, take

_HINTED_REACH, _RECENT_REACH, _LAST_REACH = 4.0, 2.5, 0.8  # cells; the last frame is brought there by flow
_RECENT_DOUBT, _LAST_DOUBT = 0.5, 0.6  # so that where all are as like, the hinted picture decides
_RECENT = 2  # pictures between the hinted one and the last
_EVERY = 8  # frames between them
_AGREE, _LIKE = 1.0, 8.0  # pixels of the canvas and codes of luma by which flow may be off where it is believed
_SLOPE = 8.0  # by which a share becomes a mask
_DRIFT = 0.01  # by which the region's area on the canvas may change in a frame, beyond what flow says
_BIAS = 0.1  # by which the share from which on a pixel belongs to it may be moved for that
_FAINT = 0.03
_EDGE = 3.0  # at the edge a blurred half: what is little below is let through, or edges would wear off
_SMALLEST = 6  # pixels a side of what is looked for
_LOST = 0.3  # of its area: with less it is taken to be hidden
_WHOLE = 0.8  # with more it is whole, and looks as it should when it is looked for
_FOUND, _FAR = 0.7, 2.0  # correlation of what is found then, and how many windows' sides away it may be

_CARRIED = ("window", "mask", "missing", "_canvas", "_speed", "_area", "_age", "_known", "_look")


class Region:
    """A region that was hinted, wherever it is now.

    A soft mask on a canvas around it is carried by two means. Dense flow (DIS: Kroeger et al. 2016) brings the last
    frame and its mask onto this one, which is fine but drifts, and spills over where something is uncovered. Matching
    labels cells by their likeness to the hinted picture, the last and two in between: it is coarse, but returns to the
    hinted picture and finds again what was hidden. Near the mask's edge, where flow is consistent both ways and this
    frame looks as the last, flow decides; elsewhere matching does.

    Args:
        luma: (H, W) uint8, of the hinted frame.
        mask: (H, W) float32 in 0..1, not empty.

    Attributes:
        window: Where the canvas is.
        mask: On it, (CANVAS, CANVAS) float32 in 0..1.
        missing: Frames since when it has been hidden; 0 if it is not.
    """

    def __init__(self, luma: np.ndarray, mask: np.ndarray) -> None:
        self.window, self.missing = Window.around(mask), 0
        self.mask = self.window.cut(mask)
        self._canvas = self.window.cut(luma)
        self._speed, self._age = (0.0, 0.0), 0
        self._area = float(self.mask.sum()) * self._scale**2
        self._look = self._canvas, self.mask, self.window.side  # when it was last whole
        found = features(self._canvas)
        self._known = (Known(found, cells(self.mask), _HINTED_REACH, 0.0),)

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Region":
        """Make a region like the one that was copied."""
        region = cls.__new__(cls)
        give_back(region, _CARRIED, snapshot)
        region.window = Window(*region.window)
        region._known = tuple(Known(*picture) for picture in region._known)
        return region

    def step(self, luma: np.ndarray) -> None:
        """Follow it into the next frame, (H, W) uint8."""
        window = self._search(luma) if self.missing else self.window.moved(*self._speed)
        canvas = window.cut(luma)
        found, known = features(canvas), list(self._known)
        carried, trust = np.zeros_like(self.mask), np.zeros_like(self.mask)
        if not self.missing:
            carried, trust, aligned = self._flow(canvas)
            known.append(Known(features(aligned), cells(carried), _LAST_REACH, _LAST_DOUBT))
        mask = self._decide(canvas, match(found, known)[0], carried, trust)
        self._age += 1
        self._move(luma, window, mask, found)

    @property
    def _scale(self) -> float:
        return self.window.side / CANVAS

    def _search(self, luma: np.ndarray) -> Window:
        """Look around for what looks as it did when it was last whole; where it was, if nothing does."""
        import cv2

        canvas, mask, side = self._look
        rows, columns = (slice(part.min(), part.max() + 1) for part in np.nonzero(mask > 0.5))
        scale = side / CANVAS
        size = [max(1, round((part.stop - part.start) * scale)) for part in (rows, columns)]
        middle = [((part.start + part.stop - CANVAS) / 2) * scale for part in (rows, columns)]
        reach = [_FAR * side + length for length in size]
        places = zip((self.window.y, self.window.x), reach, luma.shape, strict=True)
        area = tuple(slice(max(0, int(at - far)), min(most, int(at + far))) for at, far, most in places)
        around = luma[area]
        if min(size) < _SMALLEST or any(part < whole for part, whole in zip(around.shape, size, strict=True)):
            return self.window
        pattern = cv2.resize(canvas[rows, columns], size[::-1], interpolation=cv2.INTER_AREA)
        _, likeness, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(around, pattern, cv2.TM_CCOEFF_NORMED))
        if likeness < _FOUND:
            return self.window
        y = area[0].start + top + (size[0] - 1) / 2 - middle[0]
        x = area[1].start + left + (size[1] - 1) / 2 - middle[1]
        return Window(x, y, side)

    def _flow(self, canvas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bring the last mask here; return it, how far that is to be believed, and the last canvas brought here."""
        import cv2

        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        back, forth = dis.calc(canvas, self._canvas, None), dis.calc(self._canvas, canvas, None)
        astray = np.linalg.norm(back + _warp(forth, back), axis=-1) / _AGREE
        aligned = _warp(self._canvas, back)
        unlike = cv2.blur(cv2.absdiff(canvas, aligned).astype(np.float32), (5, 5)) / _LIKE
        trust = np.exp(-0.5 * (astray**2 + unlike**2)).astype(np.float32)
        return _warp(self.mask, back) * _reached(self.mask, forth), trust, aligned

    def _decide(self, canvas: np.ndarray, share: np.ndarray, carried: np.ndarray, trust: np.ndarray) -> np.ndarray:
        """Put matched shares, (CELLS, CELLS), and the carried mask together."""
        import cv2

        share = cv2.resize(share, canvas.shape[::-1], interpolation=cv2.INTER_LINEAR)
        by_flow = np.clip(1 - 4 * np.abs(share - 0.5), 0, 1) * trust
        mixed = by_flow * carried + (1 - by_flow) * _along_edges(share, canvas)
        mask = 1 / (1 + np.exp(_SLOPE * (self._threshold(mixed, carried) - mixed)))
        return np.where(mask < _FAINT, 0, mask).astype(np.float32)

    def _threshold(self, mixed: np.ndarray, carried: np.ndarray) -> float:
        """Find the share from which on a pixel belongs to it: shares are blurred, and 1/2 would wear corners off."""
        if self.missing:
            return 0.5
        area = float((carried > 0.5).mean())
        least, most = (1 - min(1.0, area * (1 + sign * _DRIFT)) for sign in (-1, 1))
        high, low = np.quantile(mixed, (least, most))
        return float(np.clip(np.clip(0.5, low, high), 0.5 - _BIAS, 0.5 + _BIAS))

    def _move(self, luma: np.ndarray, window: Window, mask: np.ndarray, found: torch.Tensor) -> None:
        area = float((mask > 0.5).sum()) * (window.side / CANVAS) ** 2
        before, self.window, self.mask = self.window, window, mask
        if area < _LOST * self._area:
            self.missing += 1
            self._speed = (0.0, 0.0)
        else:
            returned, self.missing = self.missing > 0, 0
            if area > _WHOLE * self._area:
                self._area += 0.1 * (area - self._area)
                self._look = window.cut(luma), mask, window.side
            if self._age % _EVERY == 0:
                recent = Known(found, cells(mask), _RECENT_REACH, _RECENT_DOUBT)
                self._known = (self._known[0], recent, *self._known[1:_RECENT])
            self.window = window.follow(mask)
            self.mask = self.window.recut(mask, window)
            step = self.window.x - before.x, self.window.y - before.y
            usual = (0.0, 0.0) if returned else step
            self._speed = tuple(0.5 * (old + new) for old, new in zip(self._speed, usual, strict=True))
        self._canvas = self.window.cut(luma)


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


def _along_edges(share: np.ndarray, canvas: np.ndarray, *, radius: int = 3, eps: float = 80.0) -> np.ndarray:
    """Let a plane follow luma's edges: the guided filter of He, Sun and Tang 2010."""
    import cv2

    size = 2 * radius + 1, 2 * radius + 1
    luma = canvas.astype(np.float32)
    mean, mean_share = cv2.blur(luma, size), cv2.blur(share, size)
    slope = (cv2.blur(luma * share, size) - mean * mean_share) / (cv2.blur(luma * luma, size) - mean * mean + eps)
    offset = mean_share - slope * mean
    return np.clip(cv2.blur(slope, size) * luma + cv2.blur(offset, size), 0, 1)
