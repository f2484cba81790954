"""What stands still where a hinted region goes by: a scene's recent pictures, and how the camera has moved since."""

from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.snapshot import Snapshot, give_back, take

_EVERY, _KEPT = 4, 3  # frames between the pictures that are kept, and how many
_POINTS, _APART = 150, 9  # corners that are followed, and pixels between them, in luma of half the size
_LEAST_POINTS = 12
_NEAR = 0.8  # pixels of luma by which a corner may miss
_FIXED = 0.5  # of the corners that a camera's motion explains, from which on it is taken to be fixed

_CARRIED = ("_last", "_place", "kept", "number")


class Earlier(NamedTuple):
    """A picture of some frames ago.

    Attributes:
        luma: (H, W) uint8.
        place: (3, 3) float64, from the first frame's pixels to its own, as the ground goes.
        number: Of its frame, from the scene's first.
    """

    luma: np.ndarray
    place: np.ndarray
    number: int


class Ground:
    """Follows the ground through one scene, which a camera that is moved shows elsewhere.

    Attributes:
        number: Of the last frame; -1 before the first.
        place: (3, 3) float64, from the first frame's pixels to the last one's.
        kept: A few pictures before the last.
    """

    def __init__(self) -> None:
        self._last = np.zeros((0, 0), np.uint8)
        self.number, self.place = -1, np.eye(3)
        self.kept: tuple[Earlier, ...] = ()

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot`."""
        give_back(self, _CARRIED, snapshot)
        self.kept = tuple(Earlier(*picture) for picture in self.kept)

    @property
    def keeps(self) -> bool:
        """Whether the last picture will be kept."""
        return self.number % _EVERY == 0

    def since(self, picture: Earlier) -> np.ndarray:
        """Say how the ground has moved since one of the kept pictures, (3, 3)."""
        return self.place @ np.linalg.inv(picture.place)

    def step(self, luma: np.ndarray) -> None:
        """Take the next frame, (H, W) uint8."""
        if self.number >= 0:
            if self.keeps:
                self.kept = (Earlier(self._last, self.place, self.number), *self.kept[: _KEPT - 1])
            latest = self.kept[0]
            self.place = _motion(latest.luma, luma, self.since(latest)) @ latest.place
        self._last, self.number = luma, self.number + 1


def _motion(before: np.ndarray, luma: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Find how the ground moves from one picture to another, by most of its corners: (3, 3), near a guess.

    A camera that may be fixed is: what moves would shift it by and by.
    """
    import cv2

    small = [cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for plane in (before, luma)]
    corners = cv2.goodFeaturesToTrack(small[0], _POINTS, 0.01, _APART)
    if corners is None:
        return guess
    begin = _moved(corners[:, 0] * 2 + 0.5, guess) / 2 - 0.25
    begin = begin[:, None].astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(*small, corners, begin, flags=cv2.OPTFLOW_USE_INITIAL_FLOW)
    kept = found[:, 0] == 1
    if kept.sum() < _LEAST_POINTS:
        return guess
    points = [2 * plane[kept, 0] + 0.5 for plane in (corners, there)]
    fit = similarity(*points, near=2 * _NEAR)
    stay, go = (np.linalg.norm(_moved(points[0], motion) - points[1], axis=1) < _NEAR for motion in (np.eye(3), fit))
    return np.eye(3) if stay.sum() > _FIXED * go.sum() else fit


def _moved(points: np.ndarray, motion: np.ndarray) -> np.ndarray:
    return points @ motion[:2, :2].T + motion[:2, 2]


def similarity(before: np.ndarray, after: np.ndarray, *, near: float) -> np.ndarray:
    """Fit the shift, turn and scale of most points, (N, 2) each, within so much: (3, 3); none if they do not agree."""
    import cv2

    fit, _ = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=near, maxIters=200)
    return np.eye(3) if fit is None else np.vstack((fit, (0, 0, 1)))
