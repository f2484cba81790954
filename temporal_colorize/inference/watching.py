"""Lets people see how far a job is, and what comes of it."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.video import VideoReader

Watch = Callable[[ColoredFrame], object]  # is called with every coloured frame, in order; what it raises ends the job


@contextlib.contextmanager
def watching(
    reader: VideoReader, watch: Watch | None, *, done: int, progress: bool, seconds: float
) -> Iterator[Watch | None]:
    """Yield what is to be called for every frame done.

    Where there is to be progress that is a bar on standard error, or, where that is no terminal, a line every so many
    seconds, so that a short job says nothing.

    Args:
        reader: Of the source.
        watch: Is called as well.
        done: Frames that an earlier run has kept.
        progress: Whether there is to be any.
        seconds: Between two lines.
    """
    if not progress or sys.stderr is None:
        yield watch
        return
    total, name = reader.info.frame_count if reader.part.is_whole else None, reader.path.name
    with contextlib.ExitStack() as stack:
        if sys.stderr.isatty():
            from tqdm import tqdm

            bar = tqdm(
                total=total, initial=done, unit=" frames", desc=name, file=sys.stderr, mininterval=0.5,
                dynamic_ncols=True,
            )  # fmt: skip
            update = stack.enter_context(bar).update
        else:
            update = _Lines(name, total=total, done=done, seconds=seconds).update

        def both(frame: ColoredFrame) -> None:
            update()
            if watch is not None:
                watch(frame)

        yield both


class _Lines:
    """Tells on standard error every so many seconds how far a job is."""

    def __init__(self, name: str, *, total: int | None, done: int, seconds: float) -> None:
        self._name, self._total, self._before, self._seconds = name, total, done, seconds
        self._count = 0
        self._began = self._told = 0.0

    def update(self) -> None:
        """Count a frame."""
        now = time.monotonic()
        if not self._count:  # what was done until then, such as to open a network, says nothing of the rest
            self._began = self._told = now
        self._count += 1
        if now - self._told >= self._seconds:
            self._told = now
            with contextlib.suppress(OSError, ValueError):  # whoever listened may have left
                print(self._line(now - self._began), file=sys.stderr, flush=True)

    def _line(self, seconds: float) -> str:
        done, rate = self._before + self._count, (self._count - 1) / seconds
        if self._total is None or done > self._total:  # which is an estimate
            return f"{self._name}: {done} frames, {rate:.1f} fps"
        share, left = done / self._total, clock((self._total - done) / rate)
        return f"{self._name}: {done} of {self._total} frames ({100 * share:.0f} %), {rate:.1f} fps, {left} left"


def clock(seconds: float) -> str:
    """Write seconds as people do, "1:02:03" or "2:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
