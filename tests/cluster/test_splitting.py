"""What is led here and coloured by workers, without a cluster: what becomes of errors."""

import errno
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from temporal_colorize.cluster.coloring import by_workers, is_final, is_passing
from temporal_colorize.cluster.progress import JobLine
from temporal_colorize.cluster.splitting import Splitting
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.job import BusyError
from temporal_colorize.inference.journal import OtherwiseError
from temporal_colorize.inference.split import Finished, Run, Start
from temporal_colorize.video import VideoError, probe
from temporal_colorize.video.errors import DiskError, on_disk
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


def test_a_segment_that_a_worker_would_make_otherwise_is_left_to_the_program(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pool, came = Slow(), []
    threading.Timer(0.05, lambda: [pool.end(0), pool.end(3)]).start()
    for one in run_of(pool)(refused(pool, starts(4), {1, 2})):
        came.append(one.number)
    assert sorted(came) == [0, 3]
    assert capsys.readouterr().err == "a.mp4: it is made with batch=8; its segments are coloured here\n", "once"


def refused(pool: Slow, given: Iterator[Start], numbers: set[int]) -> Iterator[Start]:
    """Give starts; some of them are refused at once."""
    for start in given:
        yield start
        if start.number in numbers:
            pool.futures[start.number].set_exception(OtherwiseError("a.mp4: it is made with batch=8"))


def test_a_folder_that_cannot_be_made_fails_its_video_alone(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    (tmp_path / "out").write_text("a file")
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    splitting = Splitting(SimpleNamespace(), Slow(), line, into=tmp_path / "out", least=2)
    led = splitting.lead(Footage(tmp_path / "a.mp4", Path("a.mp4"), "a"), 2)
    assert isinstance(led.exception(5), FileExistsError)


def test_an_output_that_somebody_holds_is_given_to_a_worker_who_waits_for_it(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    pool = SimpleNamespace(submit=lambda item: done(f"{item.stem} coloured"))
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    splitting = Splitting(SimpleNamespace(colorize=held), pool, line, into=tmp_path / "out", least=2)
    assert splitting.lead(Footage(tmp_path / "a.mp4", Path("a.mp4"), "a"), 2).result(5) == "a coloured"


def held(source: Path, output: Path, run: Run) -> None:
    raise BusyError("somebody has it")


def done(result: object) -> Future:
    future: Future = Future()
    future.set_result(result)
    return future


def test_room_that_comes_is_used_while_others_work() -> None:
    first, second = (Footage(Path(name), Path(name), name) for name in ("a.mp4", "b.mp4"))
    given: dict[Footage, Future] = {}
    pool = SimpleNamespace(room=1, submit=lambda item: given.setdefault(item, Future()))
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    began = time.monotonic()

    def grow() -> None:
        pool.room = 2
        while second not in given and time.monotonic() < began + 20:
            time.sleep(0.05)
        for future in [*given.values()]:
            future.set_exception(ValueError("enough"))

    threading.Timer(0.2, grow).start()
    assert {item for item, _ in by_workers(pool, line)([first, second])} == {first, second}
    assert time.monotonic() < began + 10, "it was not seen before the first ended"


def test_what_the_machine_refuses_is_tried_elsewhere_and_a_bad_file_is_not(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.mp4", tmp_path / "text.mp4"):
        (tmp_path / "text.mp4").write_text("no video")
        with pytest.raises(VideoError) as raised:
            probe(path)
        assert is_final(raised.value) == (path.name == "text.mp4")
    with pytest.raises(DiskError) as raised, on_disk(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not is_final(raised.value) and not is_passing(raised.value)
    assert is_passing(BusyError("x")) and not is_final(BusyError("x"))


def test_what_too_few_would_colour_is_left_to_one(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    item = Footage(tmp_path / "a.mp4", Path("a.mp4"), "a")
    line = JobLine(lambda: [], every=60.0, lines_every=60.0, shown=False)
    prepared = SimpleNamespace(colorize=lambda source, output, run: "coloured")
    splitting = Splitting(prepared, Slow(), line, into=tmp_path / "out", least=2)
    assert splitting.lead(item, 1) is None
    assert splitting.lead(item, 2).result(5) == "coloured"
    assert Splitting(prepared, Slow(), line, into=tmp_path / "out", least=3).lead(item, 2) is None
