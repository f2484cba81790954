"""A line for the whole of a job: files, frames, frames a second, time left."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from temporal_colorize.cluster.coloring import Segment
from temporal_colorize.cluster.hand import Hand
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.report import Report
from temporal_colorize.remote import RemotePath


class JobLine:
    """The line; a context manager that redraws it until it is left, or where there is no terminal writes it again.

    Time left is by bytes: those of files that are done, and of files in work the share that their frames are.

    Args:
        hands: Says who works at the moment.
        every: Seconds between two drawings on a terminal,
        lines_every: and between two lines elsewhere.
        shown: Whether there is a line at all.
    """

    def __init__(
        self, hands: Callable[[], Sequence[Hand]], *, every: float, lines_every: float, shown: bool = True
    ) -> None:
        self._hands = hands
        self._shown = shown and sys.stderr is not None
        self._terminal = self._shown and sys.stderr.isatty()
        self._every = every if self._terminal else lines_every
        self._sizes: Mapping[Footage, int] = {}
        self._done: dict[Footage, int] = {}
        self._parts: dict[Footage, tuple[int, int | None]] = {}
        self._files, self._began, self._width = 0, time.monotonic(), 0
        self._drawing, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.clear()

    def expect(self, footage: Sequence[Footage]) -> None:
        """Say which files there are to do."""
        self._sizes = {item: _size(item) for item in footage} if self._shown else {}
        self._files = len(footage)

    def done(self, item: Footage, result: Report | Exception) -> None:
        """Say that one is done; what is printed next has the terminal's line to itself."""
        self._parts.pop(item, None)
        self._done[item] = result.frames - result.kept if isinstance(result, Report) else 0
        self.clear()

    def part(self, item: Footage, frames: int, total: int | None) -> None:
        """Say that a segment of one is done, of so many frames, and how many the whole has."""
        self._parts[item] = self._parts.get(item, (0, None))[0] + frames, total

    def clear(self) -> None:
        """Take the line away."""
        with self._drawing:
            if self._width:
                print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0

    def __str__(self) -> str:
        hands, seconds = self._hands(), time.monotonic() - self._began
        at_work = [(task.what, hand.at) for hand in hands if (task := hand.task) is not None]
        done, parts = self._done.copy(), self._parts.copy()  # other threads change them, and what the hands are at
        frames = sum([*done.values(), *(frames for frames, _ in parts.values()), *(at[0] for _, at in at_work)])
        share = self._share(done, [*parts.items(), *map(_begun, at_work)])
        left = f"{_clock(seconds * (1 - share) / share)} left" if share else "time left unknown"
        workers = f"{len(at_work)} worker{'s' * (len(at_work) != 1)}" if at_work else "waiting for workers"
        rate = frames / max(seconds, 1e-9)
        return f"{len(self._done)} of {self._files} files, {frames} frames, {rate:.1f} fps, {left}, {workers}"

    def _share(self, done: Iterable[Footage], begun: Iterable[tuple[Footage, tuple[int, int | None]]]) -> float:
        """Say how much of all bytes is done, 0..1: of what is begun, as much as its frames are."""
        parts = sum(self._bytes(item) * min(1.0, at / total) for item, (at, total) in begun if total)
        return min(1.0, (sum(map(self._bytes, done)) + parts) / max(1, sum(self._sizes.values())))

    def _bytes(self, item: Footage) -> int:
        return self._sizes.get(item, 0)

    def _redraw(self) -> None:
        while not self._ended.wait(self._every):
            line = str(self)
            with self._drawing:
                if self._terminal:
                    print(f"\r{line:{self._width}}", end="", file=sys.stderr, flush=True)
                    self._width = len(line)
                else:
                    print(line, file=sys.stderr, flush=True)


def _begun(work: tuple[Footage | Segment, tuple[int, int, int | None]]) -> tuple[Footage, tuple[int, int | None]]:
    """Say of which file a task in work is, how many frames of it that has done, and of how many."""
    what, (here, at, total) = work
    return (what.item, (here, total)) if isinstance(what, Segment) else (what, (at, total))


def _size(item: Footage) -> int:
    try:
        if isinstance(item.source, RemotePath):
            return int(item.source.describe()["bytes"])
        return item.source.stat().st_size
    except (OSError, ValueError):
        return 0


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"
