"""Lets people see how far a job is, and what comes of it."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.video import VideoReader

Watch = Callable[[ColoredFrame], object]  # is called with every coloured frame, in order; what it raises ends the job


@contextlib.contextmanager
def watching(reader: VideoReader, watch: Watch | None, *, done: int, progress: bool) -> Iterator[Watch | None]:
    """Yield what is to be called for every frame done, a progress bar included where somebody sees it."""
    if not (progress and sys.stderr is not None and sys.stderr.isatty()):
        yield watch
        return
    from tqdm import tqdm

    total, name = reader.info.frame_count if reader.part.is_whole else None, reader.path.name
    with tqdm(
        total=total, initial=done, unit=" frames", desc=name, file=sys.stderr, mininterval=0.5, dynamic_ncols=True
    ) as bar:

        def both(frame: ColoredFrame) -> None:
            bar.update()
            if watch is not None:
                watch(frame)

        yield both
