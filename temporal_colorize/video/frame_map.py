"""Which picture of the source each frame is, and when each is shown: a table in runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from temporal_colorize.video.frame import Frame


class Row(NamedTuple):
    """A frame.

    Attributes:
        picture: the number of the source's picture.
        stamp: that picture's time in the source; None if it has none.
        pts: the frame's own time, in the same units.
        is_damaged: whether the decoder marked the picture as corrupt.
    """

    picture: int
    stamp: int | None
    pts: int
    is_damaged: bool


class FrameMap:
    """The rows of frames in turn. A regular video takes one run whatever its length, a variable rate a pair a step.

    Attributes:
        count: how many frames there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._base: str | None = None
        self._first = self._last = 0  # times of the first and last frame
        self._steps: list[list[int]] = []  # [distance of two frames, how often in turn]
        self._runs: list[dict[str, Any]] = []

    def add(self, frame: Frame) -> None:
        """Add the next frame.

        Raises:
            ValueError: if it does not say where it comes from.
        """
        if frame.origin is None:
            raise ValueError(f"{frame} does not say which picture of the source it is")
        number, stamp, is_damaged = frame.origin
        self._base = str(frame.time_base)
        self._go_to(frame.pts)
        moved = None if stamp is None else frame.pts - stamp
        self._run({"frame": self.count, "count": 1, "picture": number, "moved": moved, "damaged": is_damaged})

    def join(self, later: Mapping[str, Any]) -> None:
        """Append what another map's `as_json` gave."""
        if not later["runs"]:
            return
        self._base = later["time_base"]
        self._go_to(later["first"])
        for distance, times in later["steps"]:
            self._step(distance, times)
        for run in later["runs"]:
            self._run({**run, "frame": self.count})

    def as_json(self, *, from_first: bool = False) -> dict[str, Any]:
        """Return plain values; docs/provenance.md says what they mean.

        Args:
            from_first: number pictures from that of the first frame: a reader that starts in the middle of a file does
                not know how many came before.
        """
        before = self._runs[0]["picture"] if from_first and self._runs else 0
        runs = [{**run, "picture": run["picture"] - before} for run in self._runs]
        return {"time_base": self._base, "first": self._first, "steps": self._steps, "runs": runs}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FrameMap:
        """Undo `as_json`."""
        made = cls()
        made.join(values)
        return made

    def rows(self) -> Iterator[Row]:
        """Yield a row for each frame."""
        times = self._times()
        for run in self._runs:
            for nth, pts in zip(range(run["count"]), times, strict=False):
                stamp = None if run["moved"] is None else pts - run["moved"]
                yield Row(run["picture"] + nth, stamp, pts, run["damaged"])

    def _times(self) -> Iterator[int]:
        time = self._first
        yield time
        for distance, times in self._steps:
            for _ in range(times):
                time += distance
                yield time

    def _go_to(self, pts: int) -> None:
        if self.count:
            self._step(pts - self._last, 1)
        else:
            self._first = self._last = pts

    def _step(self, distance: int, times: int) -> None:
        self._last += distance * times
        if self._steps and self._steps[-1][0] == distance:
            self._steps[-1][1] += times
        else:
            self._steps.append([distance, times])

    def _run(self, run: dict[str, Any]) -> None:
        last = self._runs[-1] if self._runs else None
        same = last is not None and (
            (last["moved"], last["damaged"], last["picture"] + last["count"])
            == (run["moved"], run["damaged"], run["picture"])
        )
        if same:
            last["count"] += run["count"]
        else:
            self._runs.append(run)
        self.count += run["count"]
