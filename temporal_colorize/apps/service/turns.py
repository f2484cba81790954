"""Whose turn it is, where the processor is not enough for all."""

import contextlib
import threading
import time
from collections.abc import Iterator

from temporal_colorize.apps.service.errors import Busy

_ASKERS = 4  # questions that are answered or wait
_MOST = 3.0  # seconds that a job waits for first pictures, and then goes on for as long as it has waited


class Turns:
    """Lets one question be answered at a time, while a few wait; and a job wait while a first picture is due."""

    def __init__(self) -> None:
        self._one, self._few = threading.Lock(), threading.Semaphore(_ASKERS)
        self._none_due, self._due = threading.Condition(), 0
        self._until = 0.0

    @contextlib.contextmanager
    def ask(self) -> Iterator[None]:
        """Wait for one's turn, and have it; raises `Busy` if many wait."""
        if not self._few.acquire(blocking=False):
            raise Busy("many are asking: try again later")
        try:
            with self._one:
                yield
        finally:
            self._few.release()

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """Have the job that runs wait between two pictures."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def give_way(self) -> None:
        """Wait until no first picture is due, but not for so long that the job would never end."""
        began = time.monotonic()
        if began < self._until:
            return
        with self._none_due:
            if self._due:
                self._none_due.wait_for(lambda: not self._due, _MOST)
                self._until = 2 * time.monotonic() - began

    def _count(self, more: int) -> None:
        with self._none_due:
            self._due += more
            self._none_due.notify_all()
