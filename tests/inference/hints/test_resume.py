"""A job with hints that is stopped and gone on with gives what it would have given."""

from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.video import VideoError
from tests.inference.test_job import colorize, pictures
from tests.support.stopping import StoppedError
from tests.support.videos import write_video

HINT = Hint(name="hints[0]", frame=14, box=(40.0, 30.0, 40.0, 30.0), ab=(35.0, -28.0))
GROWN = Hint(name="hints[0]", frame=14, point=(60.0, 45.0), ab=(35.0, -28.0), grow=True)


# With a gate the network runs on fewer frames: after a hint, at the start, and now and then.
@pytest.mark.parametrize(
    ("hint", "gate", "stop_after"),
    [(HINT, None, 12), (GROWN, GateOptions(settle=2, every=3), 6)],
    ids=["every frame", "gate, grown"],
)
def test_stopped_and_gone_on_with(tmp_path: Path, hint: Hint, gate: GateOptions | None, stop_after: int) -> None:
    source, whole, pieces = (tmp_path / name for name in ("a.mp4", "whole.mkv", "pieces.mkv"))
    write_video(source, count=28)
    options = {"gate": gate, "segment": 10}
    colorize(source, whole, guide=HintGuide([hint], direction="both"), **options)
    with pytest.raises(StoppedError):
        colorize(source, pieces, stop_after=stop_after, guide=HintGuide([hint], direction="both"), **options)
    report = colorize(source, pieces, guide=HintGuide([hint], direction="both"), **options)
    assert report.kept and not report.notes
    np.testing.assert_array_equal(pictures(whole), pictures(pieces))


def test_other_hints_are_not_gone_on_with(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=28)
    with pytest.raises(StoppedError):
        colorize(tmp_path / "a.mp4", tmp_path / "b.mkv", stop_after=15, guide=HintGuide([HINT]))
    with pytest.raises(VideoError, match="kept from a run with hints="):
        colorize(tmp_path / "a.mp4", tmp_path / "b.mkv", guide=HintGuide([HINT, HINT]))
