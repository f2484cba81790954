"""What is led here and coloured by workers, without a cluster: what becomes of errors."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from temporal_colorize.cluster.progress import JobLine
from temporal_colorize.cluster.splitting import Splitting
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.split import Finished, Run, Start
from temporal_colorize.video.frame_map import FrameMap
from tests.support.videos import write_video

ITEM = Footage(Path("a.mp4"), Path("a.mp4"), "a")


class Slow:
    """Workers of whom one fails at once, and the rest are done when the test says so."""

    room = 3

    def __init__(self) -> None:
        self.futures: dict[int, Future] = {}

    def submit(self, what: object) -> Future:
        future = self.futures[what.start.number] = Future()
        return future

    def end(self, number: int) -> None:
        self.futures[number].set_result(Finished(number=number, frames=FrameMap().as_json()))


def run_of(pool: Slow) -> Run:
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    line.expect([ITEM])
    splitting = Splitting(SimpleNamespace(), pool, line, into=None, least=1)
    return splitting._run(ITEM, Path("a.color.mp4"))


def starts(count: int) -> Iterator[Start]:
    yield from (Start(number=number) for number in range(count))


def test_an_error_waits_for_the_segments_that_others_do() -> None:
    pool = Slow()
    finished = run_of(pool)(starts(9))
    later = threading.Timer(0.1, lambda: [pool.end(number) for number in (0, 2, 3)])
    threading.Timer(0.02, lambda: pool.futures[1].set_exception(OSError("the disk is odd"))).start()
    later.start()
    came = []
    with pytest.raises(OSError, match="the disk is odd"):
        came.extend(one.number for one in finished)
    assert sorted(came) == [0, 2, 3] and sorted(pool.futures) == [0, 1, 2, 3], "no more are begun"


def test_so_does_an_error_of_the_first_pass() -> None:
    def broken() -> Iterator[Start]:
        yield from starts(2)
        threading.Timer(0.05, lambda: [pool.end(number) for number in (0, 1)]).start()
        raise ValueError("the source ends here")

    pool, came = Slow(), []
    with pytest.raises(ValueError, match="the source ends here"):
        came.extend(one.number for one in run_of(pool)(broken()))
    assert sorted(came) == [0, 1]


def test_what_too_few_would_colour_is_left_to_one(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    item = Footage(tmp_path / "a.mp4", Path("a.mp4"), "a")
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    prepared = SimpleNamespace(colorize=lambda source, output, run: "coloured")
    splitting = Splitting(prepared, Slow(), line, into=tmp_path / "out", least=2)
    assert splitting.lead(item, 1) is None
    assert splitting.lead(item, 2).result(5) == "coloured"
    assert Splitting(prepared, Slow(), line, into=tmp_path / "out", least=3).lead(item, 2) is None
