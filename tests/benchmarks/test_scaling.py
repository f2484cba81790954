import re
from pathlib import Path

import pytest

from benchmarks import scaling
from temporal_colorize.sample.clip import render_sample
from temporal_colorize.video import VideoReader


def test_a_repeated_clip_is_as_long_as_asked_for(tmp_path: Path) -> None:
    render_sample(tmp_path / "short.mp4", width=64, height=64, seconds=1.0)
    scaling.repeat(tmp_path / "short.mp4", tmp_path / "long.mp4", 3)
    with VideoReader(tmp_path / "long.mp4") as reader:
        times = [frame.time for frame in reader if hasattr(frame, "luma")]
    assert len(times) == 75 and times == pytest.approx([number / 25 for number in range(75)], abs=1e-3)


def test_a_row_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_SHORT", 0.2)
    runs = scaling.by_height(tmp_path, [64])
    (row,) = scaling.table(runs).splitlines()[2:]
    assert re.fullmatch(r"\| 114x64 \| 5 \| \d+\.\d \| \d+\.\d \| \d+ \|", row)
    assert not list(tmp_path.iterdir())
