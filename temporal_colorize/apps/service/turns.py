"""Whose turn it is, where the processor is not enough for all."""

import contextlib
import threading
import time
from collections.abc import Iterator

from temporal_colorize.apps.service.errors import Busy

_ASKERS = 4  # questions that are answered or wait
_LOOKERS = 2  # files that are looked at together, each of which may be held in memory
_LOOKED_AT = 10  # those and what waits: each has a thread, of forty that do everything else as well
_MOST = 3.0  # seconds that a job waits for first pictures, and then goes on for as long as it has waited
_SOON = 1.0  # seconds in which the page asks for the first picture of what has just arrived
_SENDING = 0.3  # seconds that a first picture takes to whoever waits for it


class Turns:
    """Lets one question be answered at a time and a few files be looked at, while a few wait; and a job wait while a
    first picture is due."""

    def __init__(self) -> None:
        self._asking = threading.Semaphore(1), threading.Semaphore(_ASKERS)
        self._looking = threading.Semaphore(_LOOKERS), threading.Semaphore(_LOOKED_AT)
        self._changed, self._due = threading.Condition(), 0
        self._expected = 0.0  # until when a first picture is
        self._waits_since: float | None = None
        self._goes_until = 0.0

    def ask(self) -> contextlib.AbstractContextManager[None]:
        """Wait for one's turn, and have it; raises `Busy` if many wait."""
        return _turn(*self._asking, "many are asking: try again later")

    def look(self) -> contextlib.AbstractContextManager[None]:
        """Wait for one's turn to have a file looked at, and have it; raises `Busy` if many wait."""
        return _turn(*self._looking, "many files are being looked at: try again later")

    def expect(self) -> None:
        """Have the job that runs wait already: something has arrived, whose first picture will be asked for."""
        with self._changed:
            self._expected = time.monotonic() + _SOON

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """Have all threads of the job that runs wait between two pictures, until the first picture is sent, too."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def give_way(self) -> None:
        """Wait until no first picture is due, but not for so long that the job would never end.

        All threads of the one job that runs call it, and wait and go on together.
        """
        with self._changed:
            while (left := self._left(time.monotonic())) > 0:
                self._changed.wait(left)

    def _left(self, now: float) -> float:
        """Return for how many seconds the job waits."""
        if not self._due and now >= self._expected:
            self._end_waiting(now)
            return 0.0
        if now < self._goes_until:
            return 0.0
        if self._waits_since is None:
            self._waits_since = now
        left = self._waits_since + _MOST - now
        if left <= 0:
            self._end_waiting(now)
            return 0.0
        return left if self._due else min(left, self._expected - now)

    def _end_waiting(self, now: float) -> None:
        if self._waits_since is not None:
            self._goes_until, self._waits_since = 2 * now - self._waits_since, None

    def _count(self, more: int) -> None:
        with self._changed:
            self._due += more
            self._expected = time.monotonic() + _SENDING
            self._changed.notify_all()


@contextlib.contextmanager
def _turn(turn: threading.Semaphore, few: threading.Semaphore, otherwise: str) -> Iterator[None]:
    """Wait for a turn where few do."""
    if not few.acquire(blocking=False):
        raise Busy(otherwise)
    try:
        with turn:
            yield
    finally:
        few.release()
