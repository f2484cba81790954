"""Hinted regions and their colours, carried along a scene."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.ground import Ground
from temporal_colorize.inference.hints.region import Region
from temporal_colorize.inference.hints.window import CANVAS, Window
from temporal_colorize.inference.planes import shrink
from temporal_colorize.inference.snapshot import Snapshot, nest, unnest

MOST = 24  # regions that are followed at a time; each costs time
_SIDE = 360  # pixels on the shorter side of the luma in which they are followed
_LEAST_PIXELS = 9  # of that luma, in a region
_REPLACED = 0.5  # of a region under a new hint, from which on it gives way


class Stamp(NamedTuple):
    """A region's mask in one frame: on a canvas, (CANVAS, CANVAS) float32 in 0..1, and where that is."""

    mask: np.ndarray
    window: Window


class Carried:
    """A region and its colours.

    Args:
        region: See `Region`.
        ab: (2, CANVAS, CANVAS) float32, on its canvas, beyond its mask as well.
    """

    def __init__(self, region: Region, ab: np.ndarray) -> None:
        self.region, self.ab = region, ab

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.region.mask, self.region.window)


def working_luma(luma: np.ndarray, coding: ChromaCoding) -> np.ndarray:
    """Shrink luma codes, (H, W), to at most `_SIDE` on the shorter side, in 8 bits."""
    small = shrink(luma, *working_shape(luma.shape))
    return (small >> (coding.bit_depth - 8)).astype(np.uint8)


def working_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the shape of `working_luma` of luma of a shape."""
    scale = min(1.0, _SIDE / min(shape))
    return tuple(max(1, round(length * scale)) for length in shape)


class Carrier:
    """Carries regions through one scene, forwards or backwards.

    Attributes:
        carried: The regions, in the order in which they were hinted.
    """

    def __init__(self) -> None:
        self.carried: list[Carried] = []
        self._ground = Ground()

    def forget(self) -> None:
        """Carry nothing any more: another scene begins."""
        self.carried, self._ground = [], Ground()

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        found: Snapshot = nest("ground", self._ground.snapshot())
        for number, one in enumerate(self.carried):
            found |= nest(f"{number:03}", {**nest("region", one.region.snapshot()), "ab": torch.from_numpy(one.ab)})
        return found

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot`."""
        names = sorted({key.split(".")[0] for key in snapshot} - {"ground"})
        parts = [unnest(name, snapshot) for name in names]
        self._ground.restore(unnest("ground", snapshot))
        self.carried = [Carried(Region.restored(unnest("region", part)), part["ab"].numpy()) for part in parts]

    def step(self, luma: np.ndarray) -> None:
        """Go on to the next frame, `working_luma` of it."""
        if not self.carried:
            self._ground = Ground()
        self._ground.step(luma)
        for one in self.carried:
            one.region.step(luma, self._ground)

    def add(self, luma: np.ndarray, ab: np.ndarray, mask: np.ndarray) -> int:
        """Begin with the pieces of a hint; regions that it covers for the most part give way.

        Args:
            luma: `working_luma` of its frame.
            ab: (2, h, w) of any size, and
            mask: (h, w) bool, of the same.

        Returns:
            How many pieces are not followed, as there are too many.
        """
        import cv2

        if self._ground.number < 0:
            self._ground.step(luma)
        size = luma.shape[::-1]
        mask = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        ab = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in ab])
        self.carried = [one for one in self.carried if not _is_replaced(one, mask)]
        pieces = _pieces(mask)
        room = MOST - len(self.carried)
        self.carried += [_begin(luma, ab, piece) for piece in pieces[:room]]
        return max(0, len(pieces) - room)


def lay_stamps(
    stamps: Sequence[tuple[Stamp, np.ndarray]], shape: tuple[int, int], working: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Bring masks and their colours into a picture of a shape: ab, (2, h, w), and mask, (h, w); later ones on top.

    `working` is the shape of the `working_luma` that the windows are in. None if nothing is to be seen.
    """
    scale = tuple(large / small for large, small in zip(working, shape, strict=True))
    ab, mask = np.zeros((2, *shape), np.float32), np.zeros(shape, np.float32)
    for (canvas, window), colours in stamps:
        cover = window.paste(canvas, shape, scale)
        weight = np.maximum(cover + mask * (1 - cover), 1e-6)
        for plane, own in zip(ab, colours, strict=True):
            plane += cover / weight * (_spread(own, window, shape, scale) - plane)
        np.maximum(mask, cover, out=mask)
    return (ab, mask) if mask.any() else None


def _spread(own: np.ndarray, window: Window, shape: tuple[int, int], scale: tuple[float, float]) -> np.ndarray:
    flat = own.flat[0]
    return np.float32(flat) if (own == flat).all() else window.paste(own, shape, scale)


def _begin(luma: np.ndarray, ab: np.ndarray, mask: np.ndarray) -> Carried:
    region = Region(luma, mask)
    cover = region.window.cut(mask)
    return Carried(region, np.stack([_fill(region.window.cut(plane * mask), cover) for plane in ab]))


def _fill(weighted: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Give a colour to what is beyond the mask, for where the region will be: its mean, or near by, the nearest."""
    import cv2

    colour = np.full_like(cover, weighted.sum() / cover.sum())
    for sigma in (CANVAS / 8, CANVAS / 32):
        near = cv2.GaussianBlur(cover, (0, 0), sigma)
        share = np.clip(near * 10, 0, 1)
        colour += share * (cv2.GaussianBlur(weighted, (0, 0), sigma) / np.maximum(near, 1e-6) - colour)
    inside = cover > 0.5
    colour[inside] = weighted[inside] / cover[inside]
    spread = weighted[inside] / cover[inside] if inside.any() else colour
    return np.full_like(colour, np.median(spread)) if np.ptp(spread) < 0.1 else colour


def _is_replaced(one: Carried, mask: np.ndarray) -> bool:
    own = one.region.window.paste(one.region.mask, mask.shape, (1.0, 1.0))
    return float((own * mask).sum()) > _REPLACED * max(float(own.sum()), 1e-6)


def _pieces(mask: np.ndarray) -> list[np.ndarray]:
    """Split a mask into what hangs together, largest first; a hint that is tiny as a whole is one piece."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = [number for number in np.argsort(-areas, kind="stable") if areas[number] >= _LEAST_PIXELS]
    if not large:
        return [mask / mask.max()]
    return [(mask * (labels == number + 1)).astype(np.float32) for number in large]
