"""Decides, frame by frame, whether the network must look again and where chroma must be laid anew.

A fixed camera's picture hardly changes. What has not changed beyond its own noise keeps its chroma. While something
moves the network runs on every n-th frame, and what is shown moves evenly towards its newest estimate; where much of
the picture changed it runs, and is believed, at once.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from temporal_colorize.options import require_number

Box = tuple[slice, slice]  # rows and columns
_BLOCK = 8  # pixels of what the network sees; smaller ones are noisier, larger ones miss small things
_MOST_BOXES = 24  # more of them,
_MOST_AREA = 0.7  # or more of the picture: then all of it is laid


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """What counts as changed; luma in 8-bit codes, averaged over blocks of 8x8 pixels of what the network sees.

    Attributes:
        every: While something moves, the network runs on every so manieth frame.
        settle: After a start or a cut it runs on so many frames before any is left out.
        least: Change of a block's luma beyond its noise that counts.
        noise: Times the noise, the mean difference of consecutive frames where nothing moves, that is allowed on top.
        most_noise: At most so much of a difference is taken for noise: beyond, everything moves.
        sudden: Share of blocks that changed since the last frame from which on the network runs at once.
        repaint: Difference of ab, in ab units, from which on a new estimate is worth laying anew.

    Raises:
        ValueError: If a value is out of its range.
    """

    every: int = 2
    settle: int = 8
    least: float = 1.0
    noise: float = 1.5
    most_noise: float = 2.0
    sudden: float = 0.2
    repaint: float = 0.5

    def __post_init__(self) -> None:
        require_number("gate.every", self.every, least=1)
        require_number("gate.settle", self.settle, least=1)
        require_number("gate.sudden", self.sudden, least=0, most=1)
        for name in ("least", "noise", "most_noise", "repaint"):
            require_number(f"gate.{name}", getattr(self, name), least=0)


class Gate:
    """Watches one stream; causal, and the same whatever the machine's speed.

    Args:
        options: See `GateOptions`.
        bit_depth: Of the luma codes.

    Attributes:
        share: Of the newest estimate in what the last frame should show; the rest is what was shown before it was made.
    """

    def __init__(self, options: GateOptions, *, bit_depth: int = 8) -> None:
        self.options = options
        self._code = 1 << (bit_depth - 8)
        self._settling, self._since_run = options.settle, 0
        self._moved = False  # anything, since the network ran
        self.share = 1.0
        self._noise: float | None = None
        self._frame: np.ndarray | None = None  # the last one, (H, W)
        self._laid: np.ndarray  # what each place looked like when its chroma was laid, (H, W)
        self._ab: np.ndarray  # the last estimate, (h, w, 2), a block each
        self._shown: np.ndarray  # and what of it is shown
        self._stale: np.ndarray  # what must be laid anew, (h, w) bool

    def must_run(self, seen: np.ndarray) -> bool:
        """Take the next frame's luma codes as the network would see them, (H, W); True if the network should."""
        frame = seen.astype(np.float32) / self._code
        before, self._frame = self._frame, frame
        if before is None:
            self._laid = np.empty_like(frame)
            self._stale = np.ones(_blocks_of(frame).shape, bool)
            self._ab = self._shown = np.zeros((*self._stale.shape, 2), np.float32)
            return self._run(at_once=True)
        step = _blocks_of(np.abs(frame - before))
        allowed = self._allowed(step)
        self._stale = _blocks_of(np.abs(frame - self._laid)) > allowed
        self._moved |= bool(self._stale.any())
        self._since_run += 1
        at_once = self._settling > 0 or (step > allowed).mean() > self.options.sudden
        if at_once or (self._moved and self._since_run >= self.options.every):
            return self._run(at_once=at_once)
        self.share = min(1.0, self.share + 1 / self.options.every)
        return False

    @property
    def must_show(self) -> bool:
        """Whether what is shown of the last frame may differ from what was shown before it."""
        return self.share < 1 or bool(self._stale.any())

    def estimate(self, ab: np.ndarray) -> None:
        """Take the estimate to show of the last frame, (2, h', w')."""
        self._ab = np.stack([_resize(plane, self._stale.shape) for plane in ab], axis=-1)
        self._stale |= (np.abs(self._ab - self._shown) > self.options.repaint).any(-1)

    def boxes(self, height: int, width: int) -> list[Box]:
        """Return where, in a plane of this size, chroma must be laid for the last frame, and count that as done."""
        if not self._stale.any():
            return []
        blocks = _boxes(self._stale)
        self._shown = self._shown.copy()
        for rows, columns in blocks:
            self._shown[rows, columns] = self._ab[rows, columns]
            pixels = _times(rows, _BLOCK), _times(columns, _BLOCK)
            self._laid[pixels] = self._frame[pixels]
        per_row, per_column = height / self._stale.shape[0], width / self._stale.shape[1]
        return [(_times(rows, per_row), _times(columns, per_column)) for rows, columns in blocks]

    def _run(self, *, at_once: bool) -> bool:
        self._since_run, self._moved = 0, False
        self._settling = max(0, self._settling - 1)
        self.share = 1.0 if at_once else 1 / self.options.every
        return True

    def _allowed(self, step: np.ndarray) -> float:
        """Update the noise, which the quieter blocks show, and return the change that it explains."""
        quiet = min(float(np.quantile(step, 0.25)), self.options.most_noise)
        self._noise = quiet if self._noise is None else 0.9 * self._noise + 0.1 * quiet
        return self.options.least + self.options.noise * self._noise


def _blocks_of(plane: np.ndarray) -> np.ndarray:
    """Average (H, W) over blocks; the network's sizes are multiples of it, but for a row or column at the end."""
    return _resize(plane, tuple(-(-length // _BLOCK) for length in plane.shape))


def _resize(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    import cv2

    return cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA)


def _boxes(stale: np.ndarray) -> list[Box]:
    """Cover what is stale by rectangles; by one, if that costs little more."""
    import cv2

    _, _, found, _ = cv2.connectedComponentsWithStats(stale.astype(np.uint8))
    found = found[1:]  # without the rest
    if len(found) > _MOST_BOXES or found[:, cv2.CC_STAT_AREA].sum() > _MOST_AREA * stale.size:
        return [(slice(0, stale.shape[0]), slice(0, stale.shape[1]))]
    return [(slice(top, top + height), slice(left, left + width)) for left, top, width, height, _ in found.tolist()]


def _times(blocks: slice, size: float) -> slice:
    return slice(int(blocks.start * size), ceil(blocks.stop * size))
