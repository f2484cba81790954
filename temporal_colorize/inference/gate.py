"""Decides, frame by frame, whether the network must look again and where chroma must be laid anew.

A fixed camera's picture hardly changes. What has not changed beyond its own noise keeps its chroma. What has changed
since the network last saw it is owed a look: the network runs when the shares of the picture that are owed, added up
over the frames, are more than a patience, and what is shown moves evenly towards its newest estimate. Where much of the
picture changes from one frame to the next it runs on each of them.
"""

from dataclasses import dataclass

import numpy as np

from temporal_colorize.inference.snapshot import Snapshot, give_back, take
from temporal_colorize.options import require_number

Box = tuple[slice, slice]  # rows and columns
_BLOCK = 8  # pixels of what the network sees; smaller ones are noisier, larger ones miss small things
_MOST_BOXES = 24  # more of them,
_MOST_AREA = 0.7  # or more of the picture: then all of it is laid
_KNOWN = np.array([5, 5, 0.1], np.float32)[:, None, None]  # change of a pixel's known a, b and mask that must be laid

_CARRIED = (
    "share", "must_show", "_settling", "_since_run", "_owed", "_sudden", "_blend", "_noise", "_frame", "_seen",
    "_laid", "_ab", "_shown", "_stale", "_known", "_guided",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """What counts as changed; luma in 8-bit codes, averaged over blocks of 8x8 pixels of what the network sees.

    Attributes:
        every: While anything differs from what the network last saw, it runs on every so manieth frame at the latest,
        patience: or sooner, when the shares of blocks that differ add up to more than this.
        sudden: Share of blocks that changed since the last frame from which on it runs at once.
        ease: Over how many frames such an estimate is blended in, unless the last frame was as sudden.
        settle: After a start or a cut it runs on so many frames, and is believed at once.
        least: Change of a block's luma beyond its noise that counts.
        noise: Times the noise, the mean difference of consecutive frames where nothing moves, that is allowed on top.
        most_noise: At most so much of a difference is taken for noise: beyond, everything moves.
        repaint: Difference of ab, in ab units, from which on a new estimate is worth laying anew.

    Raises:
        ValueError: If a value is out of its range.
    """

    every: int = 12
    patience: float = 1.5
    sudden: float = 0.2
    ease: int = 2
    settle: int = 8
    least: float = 1.0
    noise: float = 1.5
    most_noise: float = 2.0
    repaint: float = 0.5

    def __post_init__(self) -> None:
        for name in ("every", "ease", "settle"):
            require_number(f"gate.{name}", getattr(self, name), least=1)
        require_number("gate.sudden", self.sudden, least=0, most=1)
        for name in ("patience", "least", "noise", "most_noise", "repaint"):
            require_number(f"gate.{name}", getattr(self, name), least=0)


class Gate:
    """Watches one stream; causal, and the same whatever the machine's speed.

    Args:
        options: See `GateOptions`.
        bit_depth: Of the luma codes.

    Attributes:
        share: Of the newest estimate in what the last frame should show; the rest is what was shown before it was made.
        must_show: Whether that may differ from what was shown of the frame before.
    """

    def __init__(self, options: GateOptions, *, bit_depth: int = 8) -> None:
        self.options = options
        self._code = 1 << (bit_depth - 8)
        self.share, self.must_show = 1.0, True
        self._settling, self._since_run = options.settle, 0
        self._owed = 0.0  # shares of the picture that the network has not seen as they are, added up over frames
        self._sudden = True  # whether much changed at the last frame
        self._blend = 1  # frames over which the newest estimate is blended in
        self._noise: float | None = None
        self._frame: np.ndarray | None = None  # the last one, (H, W)
        self._seen: np.ndarray  # the last one on which the network ran, (H, W)
        self._laid: np.ndarray  # what each place looked like when its chroma was laid, (H, W)
        self._ab: np.ndarray  # the last estimate, (h, w, 2), a block each
        self._shown: np.ndarray  # and what of it is shown
        self._stale: np.ndarray  # what must be laid anew, (h, w) bool
        self._known: np.ndarray | None = None  # a guide's colours, (3, H, W),
        self._guided: np.ndarray | None = None  # and what of them is laid

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a gate like this one."""
        give_back(self, _CARRIED, snapshot)

    def must_run(self, seen: np.ndarray, *, now: bool = False) -> bool:
        """Take the next frame's luma codes as the network would see them, (H, W); True if the network should.

        With `now` it should, and is believed at once.
        """
        frame = seen.astype(np.float32) / self._code
        before, self._frame = self._frame, frame
        if before is None:
            self._laid = np.empty_like(frame)
            self._stale = np.ones(_blocks_of(frame).shape, bool)
            self._ab = self._shown = np.zeros((*self._stale.shape, 2), np.float32)
            return self._run(blend=1)
        step = _difference(frame, before)
        allowed = self._allowed(step)
        self._stale = _difference(frame, self._laid) > allowed
        self._owed += float((_difference(frame, self._seen) > allowed).mean())
        self._since_run += 1
        again, self._sudden = self._sudden, float((step > allowed).mean()) > self.options.sudden
        if self._settling or self._sudden or now:
            self._stale[:] = True
            return self._run(blend=1 if self._settling or again or now else self.options.ease)
        if self._owed > self.options.patience or (self._owed and self._since_run >= self.options.every):
            return self._run(blend=min(self._since_run, self.options.every))
        self.must_show = self.share < 1 or bool(self._stale.any())
        self.share = min(1.0, (self._since_run + 1) / self._blend)
        return False

    def restart(self) -> None:
        """Take the last frame, on which the network has just run, for the first of a new scene."""
        self._settling, self.share = self.options.settle - 1, 1.0
        self._stale[:] = True

    def guide(self, known: np.ndarray) -> None:
        """Take what is known of the last frame's colours, (3, H, W): `shares` at the size that the network sees."""
        if self._guided is None:
            self._guided = np.zeros_like(known)
        self._known = known
        changed = (np.abs(known - self._guided) > _KNOWN).any(0)
        self._stale |= _blocks_of(changed.astype(np.float32)) > 0

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
        self._guided = None if self._guided is None else self._guided.copy()
        for rows, columns in blocks:
            self._shown[rows, columns] = self._ab[rows, columns]
            pixels = tuple(slice(part.start * _BLOCK, part.stop * _BLOCK) for part in (rows, columns))
            self._laid[pixels] = self._frame[pixels]
            if self._known is not None:
                self._guided[:, *pixels] = self._known[:, *pixels]
        down, across = self._stale.shape
        return [(_scaled(rows, height, down), _scaled(columns, width, across)) for rows, columns in blocks]

    def _run(self, *, blend: int) -> bool:
        self._settling = max(0, self._settling - 1)
        self._since_run, self._owed, self._seen = 0, 0.0, self._frame
        self._blend, self.share, self.must_show = blend, 1 / blend, True
        return True

    def _allowed(self, step: np.ndarray) -> float:
        """Update the noise, which the quieter blocks show, and return the change that it explains."""
        quiet = min(float(np.quantile(step, 0.25)), self.options.most_noise)
        self._noise = quiet if self._noise is None else 0.9 * self._noise + 0.1 * quiet
        return self.options.least + self.options.noise * self._noise


def _difference(frame: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give the mean absolute difference of each block."""
    import cv2

    return _blocks_of(cv2.absdiff(frame, other))


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


def _scaled(blocks: slice, length: int, count: int) -> slice:
    """Give the pixels, of `length`, that blocks of `count` touch."""
    return slice(blocks.start * length // count, -(-blocks.stop * length // count))
