"""Every row of the table is made, coloured and looked at: none may end in a traceback or hang."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from tests.support.damage_table import CASES, Case
from tests.support.networks import tiny_weights
from tests.support.videos import frame_times, index_of, lumas_of

DEADLINE = 20  # seconds
FASTEST = {"preset": "ultrafast", "qp": 0}
WEIGHTS = tiny_weights()


def color(source: Path, options: dict[str, object]) -> Report:
    session = Session(WEIGHTS, SessionOptions(size=64))
    return colorize_video(source, None, session, codec="libx264", options=FASTEST, **options)


def in_time(run: Callable[[], Report]) -> Report | BaseException:
    """Run in a thread, which a test can leave behind if it hangs."""
    outcome: list[Report | BaseException] = []

    def keep_outcome() -> None:
        try:
            outcome.append(run())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=keep_outcome, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert outcome, f"not done after {DEADLINE} s"
    return outcome[0]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_becomes_of(case: Case, tmp_path: Path) -> None:
    source = case.make(tmp_path)
    before = set(tmp_path.iterdir())
    outcome = in_time(lambda: color(source, case.options))
    if case.error is not None:
        assert isinstance(outcome, ValueError), repr(outcome)
        assert re.search(case.error, str(outcome)) and "\n" not in str(outcome), str(outcome)
        assert set(tmp_path.iterdir()) == before
        return
    if isinstance(outcome, BaseException):
        raise outcome
    check(case, outcome)


def check(case: Case, report: Report) -> None:
    low, high = case.frames if isinstance(case.frames, tuple) else (case.frames, case.frames)
    lumas, times = lumas_of(report.output), frame_times(report.output)
    assert low <= report.frames <= high and len(lumas) == len(times) == report.frames
    assert case.damaged is None or (report.damaged > 0) == case.damaged
    assert len(report.notes) == len(case.notes) and all(map(str.__contains__, report.notes, case.notes)), report.notes
    assert len(report.left_out) == len(case.left_out) and all(map(str.__contains__, report.left_out, case.left_out))
    assert case.suffix is None or report.output.suffix == case.suffix
    steps = [b - a for a, b in pairwise(times)]
    assert all(step > 0 for step in steps)
    assert case.step is None or set(steps) <= {case.step}
    assert case.gap is None or max(steps) <= case.gap
    assert case.indices is None or [index_of(luma) for luma in lumas] == case.indices
