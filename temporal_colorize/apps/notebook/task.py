"""A job in a thread of its own, of which others see how far it is."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from temporal_colorize.inference.watching import clock

if TYPE_CHECKING:
    from temporal_colorize.inference.colored import ColoredFrame

Result = TypeVar("Result")


class Cancelled(Exception):
    """Somebody has had enough of a job."""


class Task(Generic[Result]):
    """Runs a job until it ends, fails or is cancelled.

    Args:
        work: Takes the task, whose `watch` is to be called with every frame; returns what comes of it.
        after: Another one that must have ended before, as both may write the same file.

    Attributes:
        done: Set at the end.
        newest: The last frame.
        seen: How many frames there were.
        result: What came of it; None where it was cancelled or failed.
        error: What it failed by, a `Cancelled` where somebody cancelled it.
    """

    def __init__(self, work: "Callable[[Task[Result]], Result]", *, after: "Task | None" = None) -> None:
        self.done = threading.Event()
        self.newest: ColoredFrame | None = None
        self.seen = 0
        self.result: Result | None = None
        self.error: BaseException | None = None
        self._work, self._after = work, after
        self._began = time.monotonic()
        self._first = self._last = self._began
        self._cancelled_at: float | None = None

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="panel", daemon=True).start()

    def cancel(self) -> None:
        """End it at its next frame."""
        self._cancelled_at = self._cancelled_at or time.monotonic()

    def watch(self, frame: "ColoredFrame") -> None:
        """Note a frame.

        Raises:
            Cancelled: If somebody has cancelled.
        """
        self.go_on()
        self._last = time.monotonic()
        self._first = self._last if self.newest is None else self._first
        self.newest, self.seen = frame, self.seen + 1

    def go_on(self) -> None:
        """Do nothing, or raise `Cancelled`."""
        if self._cancelled_at is not None:
            raise Cancelled

    @property
    def waited(self) -> float:
        """Seconds since somebody cancelled; 0 if nobody has."""
        return 0.0 if self._cancelled_at is None else time.monotonic() - self._cancelled_at

    def progress(self) -> "Progress":
        """Say how far it is."""
        elapsed = time.monotonic() - self._began
        if self.newest is None:
            return Progress(0, None, elapsed, None)
        done, total = self.newest.number + 1, self.newest.total
        left = None
        if total is not None and self.seen > 1:
            left = max(0, total - done) * (self._last - self._first) / (self.seen - 1)
        return Progress(done, total, elapsed, left)

    def _run(self) -> None:
        try:
            if self._after is not None:
                self._after.done.wait()
            self.go_on()
            self.result = self._work(self)
        except BaseException as error:  # shown by who looks at the task
            self.error = error
        finally:
            self._after = None
            self.done.set()


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        done: Frames.
        total: Of so many; None if nobody knows.
        elapsed: Seconds since it began.
        left: Seconds, estimated from the frames so far; None if nobody knows.
    """

    done: int
    total: int | None
    elapsed: float
    left: float | None

    def __str__(self) -> str:
        parts = []
        if self.done:
            parts.append(f"frame {self.done}" + (f" of {self.total}" if self.total else ""))
        parts.append(f"{clock(self.elapsed)} elapsed")
        if self.left is not None:
            parts.append(f"about {clock(self.left)} left")
        return ", ".join(parts)
