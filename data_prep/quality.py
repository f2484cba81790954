"""What is left out of a training set: grey pictures, and pictures that are there already."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

GREY_CHROMA = 4.0  # ab units; of 7,500 colour photographs, 160 px, the greyest has 4.2
HASH_LIMIT = 6  # of 64 bits; recompressed at quality 50, scaled by 0.6 and brightened, 95 % of photographs stay within
SAME_SOURCE_LIMIT = 2  # frames of one camera, where only what moves differs
_SMALL = 64  # pixels; noise and JPEG's chroma blocks average out
# Merges the frames of 41 traffic cameras, and 5 of 1,200 photographs of rooms wrongly; at 0.8 it is 33 of those.
SCENE_CORRELATION = 0.85


class Rejected(NamedTuple):
    """Why something is left out: a reason to count, and what is to be said of this one."""

    reason: str
    detail: str


def chroma_of(rgb: np.ndarray) -> float:
    """Measure how colourful a picture, (H, W, 3) uint8, is: the 95th percentile of |ab| in ab units at 64x64."""
    small = cv2.resize(rgb, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95))


def perceptual_hash(rgb: np.ndarray) -> int:
    """Hash the look of a picture, (H, W, 3) uint8: 64 bits, few of which change with size, quality and brightness.

    The pHash of Zauner 2010 ("Implementation and Benchmarking of Perceptual Image Hash Functions"): signs of the
    lowest 8x8 frequencies of a 32x32 picture against their median. The mean brightness has no bit of its own.
    """
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()
    bits = low > np.median(low[1:])
    bits[0] = False
    return int.from_bytes(np.packbits(bits).tobytes())


class NearDuplicates:
    """Perceptual hashes of what has been accepted, each with its owner's source and split."""

    def __init__(self) -> None:
        self._hashes, self._owners = np.empty(1024, np.uint64), np.empty(1024, np.int64)
        self._count = 0
        self._entries: list[tuple[str, str, str]] = []

    def add(self, name: str, source: str, split: str, hashes: Sequence[int]) -> None:
        """Remember an accepted picture (one hash) or clip (several)."""
        while self._count + len(hashes) > len(self._hashes):
            doubled = 2 * len(self._hashes)
            self._hashes, self._owners = np.resize(self._hashes, doubled), np.resize(self._owners, doubled)
        place = slice(self._count, self._count + len(hashes))
        self._hashes[place], self._owners[place] = np.array(hashes, np.uint64), len(self._entries)
        self._entries.append((name, source, split))
        self._count += len(hashes)

    def across(self, split: str, hashes: Sequence[int]) -> str | None:
        """Name something in another split that one of these hashes is close to."""
        for owner in sorted(set.union(*self._owners_within(HASH_LIMIT, hashes))):
            name, _, its_split = self._entries[owner]
            if its_split != split:
                return name
        return None

    def find(self, source: str, split: str, hashes: Sequence[int]) -> str | None:
        """Name what this would be a near-duplicate of.

        Across splits one hash that is close is enough. Within a split all must be close to those of one other, so that
        two clips of one camera may stay; and frames of one source, which look alike anyway, must be closer still.
        """
        same = set.intersection(*self._owners_within(SAME_SOURCE_LIMIT, hashes))
        for owner in sorted(set.intersection(*self._owners_within(HASH_LIMIT, hashes))):
            name, its_source, _ = self._entries[owner]
            if its_source != source or owner in same:
                return name
        return self.across(split, hashes)

    def _owners_within(self, limit: int, hashes: Sequence[int]) -> list[set[int]]:
        distance = np.bitwise_count(self._hashes[: self._count, None] ^ np.array(hashes, np.uint64))
        return [set(self._owners[: self._count][column].tolist()) for column in (distance <= limit).T]


def scenes_of(pictures: Sequence[np.ndarray], *, least: float = SCENE_CORRELATION) -> np.ndarray:
    """Number the scenes of pictures, (H, W, 3) uint8 of any sizes: frames of one fixed camera get the same number.

    Two are of one scene if their 16x16 grey thumbnails correlate by at least `least`, and so on from picture to
    picture. It costs the square of the number of pictures: 0.1 s for 3,000.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    thumbnails = np.stack([_thumbnail(picture) for picture in pictures])
    rows, columns = [], []
    for start in range(0, len(thumbnails), 1024):
        alike = np.argwhere(thumbnails[start : start + 1024] @ thumbnails.T >= least)
        rows.append(alike[:, 0] + start)
        columns.append(alike[:, 1])
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(row), bool), (row, column)), shape=(len(thumbnails),) * 2)
    return connected_components(graph, directed=False)[1]


def _thumbnail(rgb: np.ndarray) -> np.ndarray:
    """Shrink to 16x16 grey values of zero mean and unit length, so that a product is a correlation."""
    small = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (16, 16), interpolation=cv2.INTER_AREA)
    centred = small.astype(np.float32).ravel() - small.mean(dtype=np.float32)
    return centred / max(float(np.linalg.norm(centred)), 1e-6)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Correlate the looks of two pictures, (H, W, 3) uint8 of any sizes: 1 for a picture and its grey twin."""
    return float(_thumbnail(first) @ _thumbnail(second))
