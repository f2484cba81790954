"""The line of a whole job."""

import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from temporal_colorize.cluster.coloring import Segment
from temporal_colorize.cluster.progress import JobLine
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.split import Start


@pytest.fixture
def footage(tmp_path: Path) -> list[Footage]:
    made = []
    for name, size in (("a", 600), ("b", 300), ("c", 100)):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(b"x" * size)
        made.append(Footage(path, Path(path.name), name))
    return made


def report(frames: int, *, kept: int = 0) -> Report:
    return Report(output=Path("out.mp4"), frames=frames, kept=kept, seconds=1.0, looks=1)


def at_work(item: Footage, *at: int | None) -> SimpleNamespace:
    return SimpleNamespace(task=SimpleNamespace(what=item), at=at)


def test_it_tells_files_frames_rate_and_time_left(footage: list[Footage], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("temporal_colorize.cluster.progress.time.monotonic", lambda: now[0])
    hands = []
    line = JobLine(lambda: hands, every=60.0, lines_every=60.0)
    with line:
        line.expect(footage)
        assert str(line) == "0 of 3 files, 0 frames, 0.0 fps, time left unknown, waiting for workers"
        hands.append(at_work(footage[1], 50, 60, 120))  # half of 300 bytes, ten frames of it by an earlier run
        line.done(footage[0], report(100, kept=40))
        now[0] = 175.0
        assert str(line) == "1 of 3 files, 110 frames, 1.5 fps, 0:00:25 left, 1 worker"
        hands.append(at_work(footage[2], 0, 0, None))
        line.done(footage[1], ValueError("bad"))
        assert "2 of 3 files, 110 frames" in str(line) and str(line).endswith("2 workers")


def test_segments_count_until_their_file_does(footage: list[Footage], monkeypatch: pytest.MonkeyPatch) -> None:
    now, hands = [0.0], []
    monkeypatch.setattr("temporal_colorize.cluster.progress.time.monotonic", lambda: now[0])
    line = JobLine(lambda: hands, every=60.0, lines_every=60.0)
    line.expect(footage)
    line.part(footage[0], 20, 120)
    line.part(footage[0], 20, 120)
    now[0] = 60.0
    assert ", 40 frames, " in str(line) and "0:04:00 left" in str(line), "a third of 600 bytes of 1000"
    hands.append(at_work(Segment(footage[0], Path("out.mp4"), Start(number=2, after={})), 20, 60, 120))
    assert ", 60 frames, " in str(line) and "0:02:20 left" in str(line), "30 % of all"
    hands.clear()
    line.done(footage[0], report(50))
    assert ", 50 frames, " in str(line)


def test_what_is_printed_has_the_terminal_s_line(
    footage: list[Footage], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with JobLine(lambda: [], every=0.01, lines_every=60.0) as line:
        line.expect(footage)
        while "files" not in (said := capsys.readouterr().err):
            pass
        assert re.match(r"\r0 of \d files", said)
    assert capsys.readouterr().err.endswith(" \r"), "it is taken away at the end"


def test_a_file_gets_a_line_now_and_then(footage: list[Footage], capsys: pytest.CaptureFixture[str]) -> None:
    with JobLine(lambda: [], every=60.0, lines_every=0.01) as line:
        line.expect(footage)
        line.done(footage[0], report(7))
        while "7 frames" not in (said := capsys.readouterr().err):
            pass
    assert "\r" not in said and re.match(r"(\d of \d files, .*\n)+$", said)


def test_nobody_who_wants_none_sees_one(footage: list[Footage], capsys: pytest.CaptureFixture[str]) -> None:
    with JobLine(lambda: [], every=0.001, lines_every=0.001, shown=False) as line:
        line.expect(footage)
        line.done(footage[0], report(1))
        time.sleep(0.02)
    assert capsys.readouterr().err == ""
