"""A part of a file, by time."""

from fractions import Fraction
from pathlib import Path

import pytest

from temporal_colorize.video import Frame, VideoError, VideoReader
from tests.support.makers import joined
from tests.support.videos import index_of, write_video

KINDS = {
    "mp4": {"options": {"crf": "20", "bf": "3", "g": "25"}},
    "mkv": {"options": {"crf": "20", "bf": "3", "g": "25"}},
    "ts": {"options": {"crf": "20", "bf": "3", "g": "25"}},
    "mpg": {"codec": "mpeg2video", "options": {"g": "25", "bf": "2"}},
    "avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "flv": {"options": {"crf": "20", "g": "25"}},
}


def read(path: Path, **part: float) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path, **part) as reader:
        return [item for item in reader if isinstance(item, Frame)], reader


@pytest.mark.parametrize("suffix", KINDS)
def test_the_pictures_of_a_part(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write_video(path, count=100, **KINDS[suffix])
    frames, reader = read(path, start=1.2, end=3.0)
    assert [index_of(frame.luma) for frame in frames] == list(range(30, 75))
    assert abs(frames[0].time) < 0.002 and abs(frames[-1].time - 44 / 25) < 0.002
    assert reader.damaged == 0


def test_a_time_is_taken_as_it_is_written(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=100)
    frames, _ = read(tmp_path / "a.mp4", start=3.6)  # a little more than 3.6 in binary
    assert [index_of(frame.luma) for frame in frames] == list(range(90, 100))
    assert frames[0].pts == 0


def test_sound_is_cut_with_it(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=100, audio="aac")
    with VideoReader(tmp_path / "a.mp4", start=1, end=2) as reader:
        packets = [item for item in reader if not isinstance(item, Frame)]
    times = [packet.pts * packet.time_base for packet in packets]
    assert 0 <= times[0] < Fraction(3, 100) and Fraction(97, 100) < times[-1] < 1


def test_a_recorder_that_set_its_clock_anew(tmp_path: Path) -> None:
    path = joined("ts", {}, {})(tmp_path)
    everything, _ = read(path)
    seconds = len(everything) / 25
    frames, _ = read(path, start=seconds / 2 + 0.4)
    assert len(frames) == len(everything) // 2 - 10


def test_past_the_end(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=25)
    with pytest.raises(VideoError, match=r"a\.mp4: has no picture from start=3 on, 1\.00 s long"):
        read(tmp_path / "a.mp4", start=3)


@pytest.mark.parametrize("part", [{"start": -1}, {"start": 2, "end": 1}, {"end": float("inf")}, {"start": "x"}])
def test_no_such_part(tmp_path: Path, part: dict) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    with pytest.raises(ValueError, match=r"start|end"):
        read(tmp_path / "a.mp4", **part)
