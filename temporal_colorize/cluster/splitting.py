"""Long videos that several workers colour, a segment each."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cluster.coloring import Segment, is_passing
from temporal_colorize.cluster.pool import Pool
from temporal_colorize.cluster.progress import JobLine
from temporal_colorize.remote import RemotePath
from temporal_colorize.video.frame_map import FrameMap

if TYPE_CHECKING:
    from temporal_colorize.config.preparing import Prepared
    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.split import Finished, Run, Start

_AHEAD = 1  # segments that wait beside those in work
_SPARE = 2  # the first pass is about half of the whole work: with one worker more there is nothing to win


class Splitting:
    """Leads videos whose segments the workers colour; the first pass over each is made here, in a thread of its own.

    One at a time is led. Its segments are kept as they come: what stops it leaves them to the next run.

    Args:
        prepared: What colours files, here.
        pool: The workers, who see the same files by the same names.
        line: Is told what is done.
        into: The folder of the outputs.
        least: Frames of a video that is long.
    """

    def __init__(
        self, prepared: "Prepared", pool: Pool, line: JobLine, *, into: Path | RemotePath | None, least: int
    ) -> None:
        self._prepared, self._pool, self._line, self._into, self._least = prepared, pool, line, into, least
        self._thread: threading.Thread | None = None
        self._frames: int | None = None  # of the video that is led
        self._told: set[str] = set()

    def lead(self, item: "Footage", spare: int) -> Future | None:
        """Begin to lead a video.

        Args:
            item: The video.
            spare: How many workers have nothing to do, beside the one that would colour it alone.

        Returns:
            What becomes of it; None where they are too few, it is not long, is in a store, or another is being led.
        """
        output = item.output(self._into)
        far = isinstance(item.source, RemotePath) or isinstance(output, RemotePath)
        leads = self._thread is not None and self._thread.is_alive()
        if spare < _SPARE or far or leads or not self._is_long(item.source):
            return None
        future: Future = Future()
        self._thread = threading.Thread(target=self._color, args=(item, output, future), name="leader", daemon=True)
        self._thread.start()
        return future

    def wait(self, seconds: float) -> None:
        """Wait for the video that is being led to be left in order."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _color(self, item: "Footage", output: Path, future: Future) -> None:
        try:
            future.set_result(self._report(item, output))
        except Exception as error:
            future.set_exception(error)

    def _report(self, item: "Footage", output: Path) -> "Report":
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._prepared.colorize(item.source, output, run=self._run(item, output))
        except Exception as error:
            if not is_passing(error):
                raise
            return self._pool.submit(item).result()  # waits for who has it

    def _run(self, item: "Footage", output: Path) -> "Run":
        """Have workers colour segments, of which few wait: the first pass goes on when one is done."""

        def run(starts: "Iterator[Start]") -> "Iterator[Finished]":
            under_way: set[Future] = set()
            try:
                for start in starts:
                    under_way.add(self._pool.submit(Segment(item, output, start)))
                    while self._has_to_wait(under_way):
                        yield from self._next(under_way, item)
                while under_way:
                    yield from self._next(under_way, item)
            except Exception:  # what the others do is not lost by it, and nobody writes any more when it is raised
                while under_way:
                    with contextlib.suppress(Exception):
                        yield from self._next(under_way, item)
                raise

        return run

    def _has_to_wait(self, under_way: set[Future]) -> bool:
        return bool(under_way) and (len(under_way) >= self._pool.room + _AHEAD or any(map(Future.done, under_way)))

    def _next(self, under_way: set[Future], item: "Footage") -> "Iterator[Finished]":
        """Yield a segment that is done; an error of it ends the video when the others are done. One that its worker
        would make otherwise (another kind of processor) is left, and made here in the end."""
        from temporal_colorize.inference.journal import OtherwiseError

        future = next(iter(wait(under_way, return_when=FIRST_COMPLETED).done))
        under_way.remove(future)
        try:
            finished = future.result()
        except OtherwiseError as error:
            self._tell(f"{error}; its segments are coloured here")
            return
        self._line.part(item, FrameMap.from_json(finished.frames).count, self._frames)
        yield finished

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._line.clear()
            print(line, file=sys.stderr, flush=True)

    def _is_long(self, source: Path) -> bool:
        from temporal_colorize.inference.picture import is_picture
        from temporal_colorize.video.errors import VideoError
        from temporal_colorize.video.reader import probe

        if is_picture(source):
            return False
        try:
            frames = probe(source).frame_count
        except VideoError:  # whoever colours it says so
            return False
        if frames is None or frames <= self._least:
            return False
        self._frames = frames
        return True
