"""Files that are coloured by the workers of a cluster."""

import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cluster.pool import Pool
from temporal_colorize.cluster.worker import Follow, Work
from temporal_colorize.remote import RemotePath, StoreError

if TYPE_CHECKING:
    from temporal_colorize.cluster.progress import JobLine
    from temporal_colorize.cluster.splitting import Splitting
    from temporal_colorize.config.composing import Config
    from temporal_colorize.config.opened import Opened
    from temporal_colorize.config.preparing import Prepared
    from temporal_colorize.inference.batch import Done, Run
    from temporal_colorize.inference.colored import ColoredFrame
    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.split import Finished, Start

_BEAT = 1.0  # seconds after which it is looked whether there is more room


@dataclass(frozen=True)
class Segment:
    """A segment of a video that is coloured by several workers: names as all of them have them, and where it begins."""

    item: "Footage"
    output: Path
    start: "Start"


@dataclass(frozen=True)
class FileWork:
    """Makes what colours files in a worker: as the plain command does, by as many threads as the worker has cores.

    Attributes:
        config: That of infer.py, checked.
        into: The folder of the outputs.
        cores: Of the worker.
        folder: Where the names of files begin that all machines see; None where there are none but in a store.
    """

    config: "Config"
    into: Path | RemotePath | None
    cores: int
    folder: str | None

    def __call__(self) -> Work:
        """Open the weights; what they are converted to is kept in the worker.

        Raises:
            ValueError: If the weights cannot be opened, or the files not be seen from here.
        """
        from temporal_colorize.config.coloring import ListColoring
        from temporal_colorize.config.opened import open_for

        if self.folder is not None and os.getcwd() != self.folder:
            needed = "engine=ray needs a file system that all machines share, or names in a store (s3://)"
            raise ValueError(f"{socket.gethostname()} has no folder {self.folder}: {needed}")

        opened = open_for(self.config, threads=self.cores)

        def work(what: "Footage | Segment", follow: Follow) -> "Report | Finished":
            item = what.item if isinstance(what, Segment) else what
            prepared = self._prepared(item, opened, follow)
            if isinstance(what, Segment):
                return prepared.color_segment(item.source, what.output, what.start)
            return ListColoring(prepared, self.into)(item)

        return work

    def _prepared(self, item: "Footage", opened: "Opened", follow: Follow) -> "Prepared":
        from temporal_colorize.config.preparing import prepare

        def watch(frame: "ColoredFrame") -> None:
            follow.step(frame.number + 1, frame.total)

        sources = [] if isinstance(item.source, RemotePath) else [item.source]
        return prepare(self.config, sources, opened=opened, watch=watch)


def is_final(error: BaseException) -> bool:
    """Say whether a file would fail on any worker: it is bad itself, or was asked something that cannot be."""
    from temporal_colorize.video.errors import DiskError

    if is_passing(error) or isinstance(error, DiskError | StoreError):
        return False
    return isinstance(error, ValueError | ModuleNotFoundError)


def is_passing(error: BaseException) -> bool:
    """Say whether another has the output: a machine that died may hold it until its locks run out."""
    from temporal_colorize.inference.job import BusyError

    return isinstance(error, BusyError)


def by_workers(pool: Pool, line: "JobLine", split: "Splitting | None" = None) -> "Run":
    """Have a pool of `FileWork` colour files: as many as have room, and another for each that is done.

    Args:
        pool: The workers.
        line: Is told what is done.
        split: Takes long videos apart while there is more room than files; None for nobody.
    """

    def run(items: "Iterable[Footage]") -> "Iterator[Done]":
        line.expect(to_do := list(items))
        waiting, under_way = deque(to_do), {}
        while waiting or under_way:
            while waiting and len(under_way) < pool.room:
                spare = pool.room - len(under_way) - len(waiting)
                item = waiting.popleft()
                led = None if split is None else split.lead(item, spare)
                under_way[led or pool.submit(item)] = item
            for future in wait(under_way, timeout=_BEAT, return_when=FIRST_COMPLETED).done:
                item, result = under_way.pop(future), _result(future)
                line.done(item, result)
                yield item, result

    return run


def _result(future: Future) -> "Report | Exception":
    error = future.exception()
    return future.result() if error is None else error
