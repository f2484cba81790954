"""The guide that a user's hints are: given at their frames, and carried on from there."""

from collections.abc import Sequence

import numpy as np

from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import Hint, digest
from temporal_colorize.inference.hints.guidance import Guidance, View
from temporal_colorize.inference.snapshot import Snapshot, give_back, take

_CARRIED = ("_frame", "_first", "_last", "_done")


class HintGuide:
    """Gives hints at their frames.

    Args:
        hints: See `read_hints`.

    Attributes:
        given: The hints, a line each.
    """

    def __init__(self, hints: Sequence[Hint]) -> None:
        self._hints = list(hints)
        self.given = [str(hint) for hint in hints]
        self._frame = 0
        self._first = self._last = 0.0  # seconds, of the first frame and of the last
        self._done = np.zeros(len(hints), bool)
        self._view: View

    @property
    def notes(self) -> list[str]:
        """Hints whose frame has not come."""
        missing = [hint for hint, done in zip(self._hints, self._done, strict=True) if not done]
        return [f"{hint}: not used, there is no such picture" for hint in missing]

    def settings(self) -> dict[str, object]:
        """Name what the guidance depends on."""
        return {"hints": digest(self._hints)}

    def begin(self, view: View) -> None:
        """Get ready for a stream.

        Raises:
            ValueError: If a hint is outside its pictures.
        """
        self._view = view
        for hint in self._hints:
            draw(hint, view.shape, view.chroma_shape)

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, _CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a guide like this one."""
        give_back(self, _CARRIED, snapshot)

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        """Take the next frame; see `Guide`."""
        due = self._due(time)
        return self._draw(due) if due else None

    def _due(self, time: float) -> list[Hint]:
        """List the hints of the frame at this time, the one nearest to theirs, and count it."""
        if self._frame == 0:
            self._first = self._last = time
        reached = time - self._first + (time - self._last) / 2
        due = [
            number
            for number, hint in enumerate(self._hints)
            if not self._done[number] and (hint.frame == self._frame if hint.at is None else hint.at <= reached)
        ]
        self._done[due] = True
        self._frame, self._last = self._frame + 1, time
        return [self._hints[number] for number in due]

    def _draw(self, hints: Sequence[Hint]) -> Guidance:
        """Draw hints, later ones over earlier ones."""
        ab = np.zeros((2, *self._view.chroma_shape), np.float32)
        mask = np.zeros(self._view.chroma_shape, np.float32)
        for hint in hints:
            colour, where = draw(hint, self._view.shape, self._view.chroma_shape)
            ab[:, where], mask[where] = colour[:, where], 1
        return Guidance(ab, mask, fresh=True)
