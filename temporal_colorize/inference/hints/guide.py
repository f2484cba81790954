"""The guide that a user's hints are: given at their frames, and carried on from there, and back."""

import statistics
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch

from temporal_colorize.inference.cuts import CutDetector
from temporal_colorize.inference.hints.carrying import (
    MOST,
    Carried,
    Carrier,
    Stamp,
    lay_stamps,
    working_luma,
    working_shape,
)
from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import Hint, digest
from temporal_colorize.inference.hints.guidance import Colours, Guidance, View
from temporal_colorize.inference.hints.past import Past
from temporal_colorize.inference.hints.window import CANVAS, Window
from temporal_colorize.inference.planes import lightness_of, shrink
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.options import require_one_of

Direction = Literal["forward", "both"]
DIRECTIONS = ("forward", "both")
_CARRIED = ("_frame", "_first", "_last", "_gaps", "_done", "_left")
_HALVES = 150  # frames in which trust in what is carried halves: see docs/confidence.md
_USUAL = 15  # gaps between frames, of which the median is the usual one


class _Piece(NamedTuple):
    """A piece in one frame: where, in which colours, and how many frames from its hint."""

    stamp: Stamp
    ab: np.ndarray
    age: int


class _Packed(NamedTuple):
    """A piece that waits for its frame: 1 or 2 KB instead of 64, as there may be many thousands."""

    mask: bytes
    window: Window
    ab: np.ndarray
    age: int

    @classmethod
    def of(cls, stamp: Stamp, ab: np.ndarray, age: int) -> "_Packed":
        codes = (stamp.mask * 255).round().astype(np.uint8)
        return cls(zlib.compress(codes.tobytes(), level=1), stamp.window, ab, age)

    def opened(self) -> _Piece:
        codes = np.frombuffer(zlib.decompress(self.mask), np.uint8).reshape(CANVAS, CANVAS)
        return _Piece(Stamp(codes.astype(np.float32) / 255, self.window), self.ab, self.age)


class HintGuide:
    """Gives hints at their frames, and where they have gone in later ones, until a cut.

    Args:
        hints: See `read_hints`.
        direction: "both" carries them backwards as well, for which the video is read once more, before.

    Attributes:
        looks_ahead: Whether `look_ahead` must be called, after `begin`.
    """

    def __init__(self, hints: Sequence[Hint], *, direction: Direction = "forward") -> None:
        require_one_of("direction", direction, DIRECTIONS)
        self._hints, self._direction = list(hints), direction
        self.looks_ahead = direction == "both"
        self._left = 0  # pieces that are not followed
        self._cut_short = 0  # hints that are not carried back as far as they could be
        self._earlier: dict[int, list[_Packed]] = {}  # by frame, carried backwards
        self._carrier = Carrier()
        self._hinted: dict[Carried, int] = {}  # the frame of its hint
        self._restart()
        self._view: View

    @property
    def given(self) -> list[str]:
        """The hints that were used so far, a line each: all that they say."""
        return [hint.described() for hint, done in zip(self._hints, self._done, strict=True) if done]

    @property
    def notes(self) -> list[str]:
        """Hints whose frame has not come, and that there were too many."""
        missing = [hint for hint, done in zip(self._hints, self._done, strict=True) if not done]
        lines = [f"{hint}: not used, there is no such picture" for hint in missing]
        if self._left:
            lines.append(f"{self._left} hinted pieces hold in their frame alone: {MOST} are followed at a time")
        if self._cut_short:
            lines.append(f"{self._cut_short} hints are not carried back all the way: {MOST} pieces are at a time")
        return lines

    def settings(self) -> dict[str, object]:
        """Name what the guidance depends on."""
        return {"hints": digest(self._hints), "direction": self._direction}

    def begin(self, view: View) -> None:
        """Get ready for a stream.

        Raises:
            ValueError: If a hint is outside its pictures.
        """
        self._view = view
        self._detect = CutDetector(view.cut_threshold)
        for hint in self._hints:
            self._drawn(hint)

    def look_ahead(self, frames: Iterable[tuple[np.ndarray, float]], folder: Path) -> None:
        """Carry hints backwards from their frames to the cut before.

        Args:
            frames: Luma codes and seconds of all the stream's frames, in order.
            folder: Where the last frames are kept on the way.
        """
        waiting = len(self._hints)
        with Past(folder / "hints.past") as past:
            for number, (luma, time) in enumerate(frames):
                seen = shrink(shrink(luma, *self._view.chroma_shape), *self._view.seen)
                if self._detect(lightness_of(seen, self._view.coding)):
                    past.forget()
                working, due = working_luma(luma, self._view.coding), self._due(time)
                for hint in due:
                    self._carry_back(hint, working, past, number)
                past.add(working)
                waiting -= len(due)
                if not waiting:
                    break
        self._restart()
        self._detect = CutDetector(self._view.cut_threshold)

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        parts = {"detect": take(self._detect, CutDetector.CARRIED), "carrier": self._carrier.snapshot()}
        nested = [nest(name, part) for name, part in parts.items()]
        hinted = torch.tensor([self._hinted[one] for one in self._carrier.carried], dtype=torch.int64)
        return {**take(self, _CARRIED), **nested[0], **nested[1], "hinted": hinted}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a guide like this one."""
        give_back(self, _CARRIED, snapshot)
        give_back(self._detect, CutDetector.CARRIED, unnest("detect", snapshot))
        self._carrier.restore(unnest("carrier", snapshot))
        self._earlier = {number: packed for number, packed in self._earlier.items() if number >= self._frame}
        self._hinted = dict(zip(self._carrier.carried, snapshot["hinted"].tolist(), strict=True))

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        """Take the next frame; see `Guide`."""
        number = self._frame
        if self._detect(lightness_of(seen, self._view.coding)):
            self._carrier.forget()
        due, working = self._due(time), None
        if due or self._carrier.carried:
            working = working_luma(luma, self._view.coding)
            self._carrier.step(working)
        carried = [_Piece(one.stamp, one.ab, number - self._hinted[one]) for one in self._carrier.carried]
        pieces = [*(packed.opened() for packed in self._earlier.pop(number, [])), *carried]
        known = self._lay(pieces, luma.shape) if pieces else None
        for hint in due:
            known = self._draw(hint, known, working)
        self._hinted = {one: self._hinted.get(one, number) for one in self._carrier.carried}
        return known

    def _restart(self) -> None:
        self._frame, self._first, self._last = 0, 0.0, 0.0  # and the seconds of the first frame and of the last
        self._gaps: tuple[float, ...] = ()  # seconds between the last frames
        self._done = np.zeros(len(self._hints), bool)

    def _due(self, time: float) -> list[Hint]:
        """List the hints of the frame at this time, the one nearest to theirs, and count it.

        The next frame is not known yet: it is taken to come as soon as frames usually do, or as soon as this one did.
        After a pause none of them is hinted early by half a pause.
        """
        if self._frame:
            self._gaps = (*self._gaps, time - self._last)[-_USUAL:]
        else:
            self._first = time
        gap = min(self._gaps[-1], statistics.median(self._gaps)) if self._gaps else 0.0
        reached = time - self._first + gap / 2
        due = [
            number
            for number, hint in enumerate(self._hints)
            if not self._done[number] and (hint.frame == self._frame if hint.at is None else hint.at <= reached)
        ]
        self._done[due] = True
        self._frame, self._last = self._frame + 1, time
        return [self._hints[number] for number in due]

    def _lay(self, pieces: Sequence[_Piece], shape: tuple[int, int]) -> Guidance | None:
        sizes = self._view.chroma_shape, working_shape(shape)
        laid = lay_stamps([(piece.stamp, piece.ab) for piece in pieces], *sizes)
        if laid is None:
            return None
        trusts = [np.full_like(piece.ab, 0.5 ** (piece.age / _HALVES)) for piece in pieces]
        (trust, _), _ = lay_stamps(list(zip((piece.stamp for piece in pieces), trusts, strict=True)), *sizes)
        return Guidance(*laid, confined=Colours(*laid), trust=trust)

    def _drawn(self, hint: Hint, working: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        return draw(hint, self._view.shape, self._view.chroma_shape, turn=self._view.turn, luma=working)

    def _draw(self, hint: Hint, known: Guidance | None, working: np.ndarray) -> Guidance:
        """Draw a hint over what is known of its frame, and begin to carry it."""
        colour, where = self._drawn(hint, working)
        if known is None:
            nothing = np.zeros(where.shape, np.float32)
            known = Guidance(np.zeros_like(colour), nothing, trust=nothing.copy())
        known.ab[:, where], known.mask[where], known.trust[where] = colour[:, where], 1, 1
        self._left += self._carrier.add(working, colour, where)
        return known._replace(fresh=True, confined=known.colours)

    def _carry_back(self, hint: Hint, working: np.ndarray, past: Past, number: int) -> None:
        """Carry a hint backwards, as far as that is not more than are followed at a time, with the hints before."""
        carrier = Carrier()
        carrier.add(working, *self._drawn(hint, working))
        for back, luma in enumerate(past.backwards(), start=1):
            there = self._earlier.setdefault(number - back, [])
            if len(there) + len(carrier.carried) > MOST:
                self._cut_short += 1
                break
            carrier.step(luma)
            there += [_Packed.of(one.stamp, one.ab, back) for one in carrier.carried]
