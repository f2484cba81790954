"""Follows one hinted region from frame to frame, through others that hide it, by luma alone."""

import numpy as np
import torch

from temporal_colorize.inference.hints.flowing import Flow, along_edges, flow_on, unlike
from temporal_colorize.inference.hints.ground import Ground
from temporal_colorize.inference.hints.matching import Known, around, cells, features, match
from temporal_colorize.inference.hints.searching import Look, search
from temporal_colorize.inference.hints.standing import Then, standing, unchanged
from temporal_colorize.inference.hints.window import CANVAS, Window
from temporal_colorize.inference.snapshot import Snapshot, give_back, take

_HINTED_REACH, _RECENT_REACH, _LAST_REACH = 4.0, 2.5, 0.8  # cells; the last frame is brought there by flow
_RECENT_DOUBT, _LAST_DOUBT = 0.5, 0.6  # so that where all are as like, the hinted picture decides
_RECENT = 2  # pictures between the hinted one and the last
_EVERY = 8  # frames between them
_VOTE, _LIKE = 3.0, 9.0  # weight of the hinted mask where its picture fits, and codes of luma by which it may be off
_SLOPE = 8.0  # by which a share becomes a mask
_DRIFT = 0.01  # by which the region's area on the canvas may change in a frame, beyond what flow says
_BIAS = 0.1  # by which the share from which on a pixel belongs to it may be moved for that
_FAINT = 0.03
_LOST = 0.3  # of its area: with less it is taken to be hidden
_WHOLE = 0.8  # with more it is whole, and looks as it should when it is looked for

_CARRIED = ("window", "mask", "missing", "_canvas", "_speed", "_area", "_age", "_known", "_hinted", "_look", "_pose")
_CARRIED += ("_marks",)


class Region:
    """A region that was hinted, wherever it is now.

    A soft mask on a canvas around it is carried by four means. Dense flow (DIS: Kroeger et al. 2016) brings the last
    frame and its mask onto this one, which is fine but drifts, and spills over where something is uncovered. Matching
    labels cells by their likeness to the hinted picture, the last and two in between: it is coarse, but returns to the
    hinted picture. Near the mask's edge, where flow is consistent both ways and this frame looks as the last, flow
    decides; elsewhere matching does. The piece's pose, its motion as a whole since it was hinted, brings the hinted
    picture here: where that fits, the hinted mask decides. And what has stayed with the ground while the piece went on
    is not the piece.

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
        self.mask, self._canvas = self.window.cut(mask), self.window.cut(luma)
        self._speed, self._age = (0.0, 0.0), 0
        self._area = self._size_of(self.mask)
        self._pose = np.eye(3)
        self._marks: tuple[tuple[int, np.ndarray, np.ndarray, Window], ...] = ()  # in frames that the ground keeps
        self._hinted = self._look = Look(self._canvas, self.mask, self.window, self._pose)  # look: when last whole
        self._known = (Known(features(self._canvas), cells(self.mask), _HINTED_REACH, 0.0),)

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    @classmethod
    def restored(cls, snapshot: Snapshot) -> "Region":
        """Make a region like the one that was copied."""
        region = cls.__new__(cls)
        region._marks = ()
        give_back(region, _CARRIED, snapshot)
        region.window = Window(*region.window)
        region._known = tuple(Known(*picture) for picture in region._known)
        for name in ("_hinted", "_look"):
            canvas, mask, window, pose = getattr(region, name)
            setattr(region, name, Look(canvas, mask, Window(*window), pose))
        return region

    def step(self, luma: np.ndarray, ground: Ground) -> None:
        """Follow it into the next frame, (H, W) uint8, to which the ground has gone on."""
        self._age += 1
        if self.missing and not self._find(luma):
            self._look_again(luma)
        else:
            self._follow(luma, ground)
        self._remember(ground)

    def _follow(self, luma: np.ndarray, ground: Ground) -> None:
        window = self.window.moved(*self._speed)
        canvas = window.cut(luma)
        flow = flow_on(self._canvas, self.mask, canvas, (self.window, window))
        self._pose = flow.motion @ self._pose
        still = standing(canvas, window, flow.mask, self._earlier(ground))
        carried = flow.mask * (1 - still)
        found = features(canvas)
        last = Known(features(flow.canvas), cells(carried), _LAST_REACH, _LAST_DOUBT)
        share = match(found, [*self._known, last], around(carried))
        shares = self._vote(self._mix(canvas, share, flow), canvas, window) * (1 - still)
        self._move(luma, window, _mask(shares, carried), found)

    def _look_again(self, luma: np.ndarray) -> None:
        """See whether it comes out where it was lost: only what has changed there since can be it."""
        canvas = self.window.cut(luma)
        found = features(canvas)
        share = along_edges(_large(match(found, self._known, torch.ones(len(found), dtype=torch.bool))), canvas)
        share = self._vote(share, canvas, self.window) * (1 - unchanged(canvas, self._canvas))
        self._move(luma, self.window, _mask(share), found)

    def _find(self, luma: np.ndarray) -> bool:
        """Go to where it has come out again, if it has."""
        window = search(luma, self._look, self.window)
        if window is None:
            return False
        shift = np.eye(3)
        shift[:2, 2] = window.x - self._look.window.x, window.y - self._look.window.y
        self.window, self._pose = window, shift @ self._look.pose
        self._canvas, self.mask, self.missing = self._look.canvas, self._look.mask, 0
        return True

    def _earlier(self, ground: Ground) -> list[Then]:
        """List what is known of some frames ago."""
        own = {number: rest for number, *rest in self._marks}
        return [
            Then(picture.luma, mask, Window(*window), self._pose @ np.linalg.inv(pose), ground.since(picture))
            for picture in ground.kept
            if picture.number in own
            for pose, mask, window in (own[picture.number],)
        ]

    def _remember(self, ground: Ground) -> None:
        """Mark where it is in the frames that the ground keeps."""
        kept = {picture.number for picture in ground.kept}
        self._marks = () if self.missing else tuple(mark for mark in self._marks if mark[0] in kept)
        if ground.keeps and not self.missing:
            self._marks = ((ground.number, self._pose, self.mask, self.window), *self._marks)

    @staticmethod
    def _mix(canvas: np.ndarray, share: np.ndarray, flow: Flow) -> np.ndarray:
        """Put matched shares, (CELLS, CELLS), and what flow says together."""
        likely = _large(share)
        by_flow = np.clip(1 - 4 * np.abs(likely - 0.5), 0, 1) * flow.trust
        return by_flow * flow.mask + (1 - by_flow) * along_edges(likely, canvas)

    def _vote(self, share: np.ndarray, canvas: np.ndarray, window: Window) -> np.ndarray:
        """Let the hinted mask decide where its picture, moved as the piece has, fits."""
        picture, mask, place, _ = self._hinted
        moved, cover, known = (
            window.brought(plane, self._pose, place) for plane in (picture, mask, np.ones_like(mask))
        )
        weight = _VOTE * known * np.exp(-0.5 * (unlike(canvas, moved) / _LIKE) ** 2)
        return (share + weight * cover) / (1 + weight)

    def _size_of(self, mask: np.ndarray) -> float:
        """Its area in pixels of luma."""
        return float((mask > 0.5).sum()) * (self.window.side / CANVAS) ** 2

    def _move(self, luma: np.ndarray, window: Window, mask: np.ndarray, found: torch.Tensor) -> None:
        before, self.window, self.mask = self.window, window, mask
        area = self._size_of(mask)
        if area < _LOST * self._area:
            if not self.missing:
                self._speed, self._canvas = (0.0, 0.0), window.cut(luma)
            self.missing, self.mask = self.missing + 1, np.zeros_like(mask)
            return
        returned, self.missing = self.missing > 0, 0
        self._learn(Look(window.cut(luma), mask, window, self._pose), area, found)
        self.window = window.follow(mask)
        self.mask, self._canvas = self.window.recut(mask, window), self.window.cut(luma)
        usual = (0.0, 0.0) if returned else (self.window.x - before.x, self.window.y - before.y)
        self._speed = tuple(0.5 * (old + new) for old, new in zip(self._speed, usual, strict=True))

    def _learn(self, look: Look, area: float, found: torch.Tensor) -> None:
        if area > _WHOLE * self._area:
            self._area += 0.1 * (area - self._area)
            self._look = look
        if self._age % _EVERY == 0:
            recent = Known(found, cells(look.mask), _RECENT_REACH, _RECENT_DOUBT)
            self._known = (self._known[0], recent, *self._known[1:_RECENT])


def _large(share: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.resize(share, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR)


def _mask(share: np.ndarray, carried: np.ndarray | None = None) -> np.ndarray:
    middle = 0.5 if carried is None else _threshold(share, carried)
    mask = 1 / (1 + np.exp(_SLOPE * (middle - share)))
    return np.where(mask < _FAINT, 0, mask).astype(np.float32)


def _threshold(share: np.ndarray, carried: np.ndarray) -> float:
    """Find the share from which on a pixel belongs to it: shares are blurred, and 1/2 would wear corners off."""
    area = float((carried > 0.5).mean())
    least, most = (1 - min(1.0, area * (1 + sign * _DRIFT)) for sign in (-1, 1))
    high, low = np.quantile(share, (least, most))
    return float(np.clip(np.clip(0.5, low, high), 0.5 - _BIAS, 0.5 + _BIAS))
