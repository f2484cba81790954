"""Where the time goes."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


class Profile:
    """Adds up wall time by stage; stages in several threads overlap, so their sum may exceed the whole.

    Attributes:
        seconds: Stage name to seconds.
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block under a name. A name belongs to one thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def timed(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Count what drawing each item takes."""
        drawing = iter(items)
        while True:
            with self.stage(name):
                item = next(drawing, _END)
            if item is _END:
                return
            yield item

    def per_frame(self, frames: int) -> dict[str, float]:
        """Return milliseconds a frame by stage."""
        return {name: 1e3 * seconds / max(frames, 1) for name, seconds in self.seconds.items()}
