"""The guide that a daytime reference is: it gives the background its colours, wherever the night shows the same."""

from collections.abc import Sequence

import numpy as np

from temporal_colorize.inference.cuts import CutDetector
from temporal_colorize.inference.hints.guidance import Colours, Guidance, View
from temporal_colorize.inference.planes import lightness_of, shrink
from temporal_colorize.inference.reference.agreement import explained
from temporal_colorize.inference.reference.picture import Reference
from temporal_colorize.inference.reference.registering import RegisteringOptions, has_edges, register, warped
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest

_SIDE = 144  # pixels of the shorter side at which day and night are compared
_CHANGE = 2.0  # luma codes: below it, in every block, the mask stays
_BLOCKS = 9  # of such blocks, down
_TRUST = 0.9  # in its colours where the mask is whole, and less where it is not: see docs/reference.md
_CARRIED = ("_matrix", "_chosen", "_judged", "_mask", "_unfit", "_fitted", "_waits")


class ReferenceGuide:
    """Gives a reference's colours to every frame that it fits.

    It is registered to the first frame that shows anything, and after each cut anew: scenes that it does not fit get
    nothing of it.

    Args:
        references: Of which the one that fits best is used, in each scene.
        options: When one fits.

    Attributes:
        given: What fitted in the first scene, in a line.
        looks_ahead: Never.
    """

    looks_ahead = False

    def __init__(self, references: Sequence[Reference], options: RegisteringOptions | None = None) -> None:
        self._as_shown, self._options = list(references), options or RegisteringOptions()
        self._references = self._as_shown  # turned as the stream's pictures are
        self.given: list[str] = []
        self._view: View
        self._detect: CutDetector
        self._matrix = np.empty((0, 3))  # without rows where nothing fits
        self._chosen = 0
        self._judged: np.ndarray | None = None  # the luma of which the mask was made, (h, w) uint8
        self._mask: np.ndarray
        self._unfit, self._fitted = 0, (0.0, 0.0)
        self._waits = True  # for a picture of this scene that shows anything
        self._day: tuple[np.ndarray, np.ndarray] | None = None  # luma at the mask's size, ab at chroma's
        self._last: Guidance | None = None

    @property
    def notes(self) -> list[str]:
        """Say in how many scenes it has not been used."""
        if self._judged is None:
            return ["the reference is not used: no picture shows anything that it could be laid over"]
        scenes = f"scene{'s' * (self._unfit > 1)}"
        return [f"the reference does not fit {self._unfit} {scenes}: coloured without it"] if self._unfit else []

    def settings(self) -> dict[str, object]:
        """Name what the guidance depends on."""
        return {"reference": [reference.digest for reference in self._as_shown]}

    def begin(self, view: View) -> None:
        """Get ready for a stream."""
        self._view, self._detect = view, CutDetector(view.cut_threshold)
        self._references = [reference.stored(view.turn) for reference in self._as_shown]

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return {**take(self, _CARRIED), **nest("detect", take(self._detect, CutDetector.CARRIED))}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a guide like this one."""
        give_back(self, _CARRIED, snapshot)
        give_back(self._detect, CutDetector.CARRIED, unnest("detect", snapshot))
        self._day = self._last = None
        self._say()

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        """Take the next frame; see `Guide`.

        Raises:
            ValueError: If no reference fits the first one.
        """
        if self._detect(lightness_of(seen, self._view.coding)):
            self._waits, self._matrix = True, np.empty((0, 3))
        codes = _in_8_bits(luma, self._view.coding.bit_depth)
        anew = self._waits and has_edges(codes)
        if anew:
            self._register(codes, first=self._judged is None)
            self._waits = False
        if self._waits:
            return None
        changed = self._judge(codes, anew=anew)
        if not len(self._matrix):
            return None
        if changed or self._last is None:
            self._last = self._guidance()
        return self._last._replace(fresh=anew)

    def _register(self, codes: np.ndarray, *, first: bool) -> None:
        found = [register(_at_most(reference.luma, codes.shape), codes) for reference in self._references]
        best = max(range(len(found)), key=lambda number: (not found[number].refusal(self._options), found[number].peak))
        refusal = found[best].refusal(self._options)
        if refusal and first:
            name = self._references[best].name
            raise ValueError(f"{name} does not fit the first picture: {refusal}; is it of the same camera?")
        self._day = self._last = None
        self._unfit += bool(refusal)
        self._matrix, self._chosen = np.empty((0, 3)) if refusal else found[best].matrix, best
        if first:
            self._fitted = (found[best].agreement, found[best].shift)
            self._say()

    def _say(self) -> None:
        agreement, shift = self._fitted
        how = f"edges agree by {agreement:.2f}, moved by {shift:.1%} of the diagonal"
        self.given = [f"{self._references[self._chosen].name}: {how}"] if agreement else []

    def _judge(self, codes: np.ndarray, *, anew: bool) -> bool:
        """Make the mask where the picture has changed since it was last made; True if it was."""
        size = _size_of(_SIDE, self._view.shape)
        small = shrink(codes, *size)
        if not anew and _change(small, self._judged) < _CHANGE:
            return False
        self._judged = small
        if len(self._matrix):
            self._mask = explained(self._laid(size)[0], small.astype(np.float32))
        return True

    def _laid(self, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Lay the chosen reference over the picture: luma at a size, NaN where there is none, and ab at chroma's."""
        if self._day is None:
            reference, shape = self._references[self._chosen], self._view.chroma_shape
            luma = warped(_at_most(reference.luma, size).astype(np.float32), self._matrix, size)
            ab = np.dstack([_at_most(plane, shape) for plane in reference.ab.transpose(2, 0, 1)])
            self._day = luma, np.nan_to_num(warped(ab, self._matrix, shape)).transpose(2, 0, 1).copy()
        return self._day

    def _guidance(self) -> Guidance:
        import cv2

        size, shape = _size_of(_SIDE, self._view.shape), self._view.chroma_shape
        mask = cv2.resize(self._mask, shape[::-1], interpolation=cv2.INTER_LINEAR)
        colours = Colours(self._laid(size)[1], mask)
        return Guidance(*colours, told=colours, trust=_TRUST * mask)


def _in_8_bits(codes: np.ndarray, bit_depth: int) -> np.ndarray:
    return codes if bit_depth == 8 else (codes >> (bit_depth - 8)).astype(np.uint8)


def _size_of(side: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Give a shape's size with at most so many pixels on the shorter side."""
    scale = min(1.0, side / min(shape))
    return tuple(max(1, round(length * scale)) for length in shape)


def _at_most(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Average a plane until its shorter side is no longer than that of a shape; its own proportions stay."""
    return shrink(plane, *_size_of(min(shape), plane.shape[:2]))


def _change(one: np.ndarray, other: np.ndarray) -> float:
    """Give the largest difference of a block's mean."""
    import cv2

    difference = cv2.absdiff(one, other).astype(np.float32)
    return float(cv2.resize(difference, (16, _BLOCKS), interpolation=cv2.INTER_AREA).max())
