"""What stands still where a hinted region goes by: a scene's recent pictures, and how the camera has moved since."""

from typing import NamedTuple

import numpy as np

from temporal_colorize.inference.snapshot import Snapshot, give_back, take

_EVERY, _KEPT = 4, 3  # frames between the pictures that are kept, and how many
_POINTS, _APART = 150, 9  # corners that are followed, and pixels between them, in luma of half the size
_LEAST_POINTS = 12
_NEAR = 1.0  # pixels of it by which a corner may miss
_STILL = 0.25  # pixels at the picture's corners: a motion that is as small is a fixed camera's

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

    def step(self, luma: np.ndarray) -> None:
        """Take the next frame, (H, W) uint8."""
        if self.number >= 0:
            if self.keeps:
                self.kept = (Earlier(self._last, self.place, self.number), *self.kept[: _KEPT - 1])
            self.place = _motion(self._last, luma) @ self.place
        self._last, self.number = luma, self.number + 1


def _motion(last: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Find how the ground moves from one frame to the next, by most of its corners: (3, 3)."""
    import cv2

    small = [cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for plane in (last, luma)]
    corners = cv2.goodFeaturesToTrack(small[0], _POINTS, 0.01, _APART)
    if corners is None or len(corners) < _LEAST_POINTS:
        return np.eye(3)
    there, found, _ = cv2.calcOpticalFlowPyrLK(*small, corners, None)
    kept = found[:, 0] == 1
    if kept.sum() < _LEAST_POINTS:
        return np.eye(3)
    return similarity(2 * corners[kept, 0] + 0.5, 2 * there[kept, 0] + 0.5, near=2 * _NEAR, extent=luma.shape)


def similarity(
    before: np.ndarray, after: np.ndarray, *, near: float, extent: tuple[int, int] | None = None
) -> np.ndarray:
    """Fit the shift, turn and scale of most points, (N, 2) each: (3, 3); none where they do not agree.

    With an extent, of a picture, what moves none of its corners is no motion.
    """
    import cv2

    fit, _ = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=near, maxIters=200)
    if fit is None:
        return np.eye(3)
    found = np.vstack((fit, (0, 0, 1)))
    if extent is not None:
        height, width = extent
        corners = np.float64([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]).T
        if np.abs((found - np.eye(3)) @ corners).max() < _STILL:
            return np.eye(3)
    return found
