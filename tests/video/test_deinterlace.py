from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.video import Frame, VideoReader
from tests.support.footage import clip, join
from tests.support.videos import write_video

NO_B = {"qp": "0", "bf": "0", "preset": "ultrafast"}
TOP_FIRST = {**NO_B, "x264-params": "tff=1"}
NOTE = "deinterlaced (bwdif): the luma is not the source's"


def read(path: Path, **options: object) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path, **options) as reader:
        return [item for item in reader if isinstance(item, Frame)], reader


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv422p", "yuv444p10le", "gray"])
def test_one_field_of_each_picture_stays_and_the_other_is_made_of_it(tmp_path: Path, pix_fmt: str) -> None:
    given = write_video(tmp_path / "a.mkv", count=12, pix_fmt=pix_fmt, options=TOP_FIRST)
    frames, reader = read(tmp_path / "a.mkv")
    assert reader.luma_changed and reader.notes == [NOTE]
    kept = [
        [bool((frame.luma[row::2] == luma[row::2]).all()) for row in (0, 1)]
        for frame, luma in zip(frames, given, strict=True)
    ]
    assert kept in ([[True, False]] * 12, [[False, True]] * 12)


def test_times_and_durations_stay(tmp_path: Path) -> None:
    stamps = [0, 40, 80, 120, 200, 400, 440, 480]
    write_video(tmp_path / "a.mkv", count=8, options=TOP_FIRST, pts=stamps, time_base=Fraction(1, 1000))
    whole, _ = read(tmp_path / "a.mkv", deinterlace="off")
    frames, _ = read(tmp_path / "a.mkv")
    assert [frame.pts for frame in frames] == stamps
    assert [frame.duration for frame in frames] == [frame.duration for frame in whole]
    assert {frame.time_base for frame in frames} == {Fraction(1, 1000)}


def test_progressive_pictures_stay_as_they_are_before_and_after_interlaced_ones(tmp_path: Path) -> None:
    parts = [clip(tmp_path / f"{n}.ts", count=30, options=options) for n, options in enumerate([NO_B, TOP_FIRST, NO_B])]
    frames, _ = read(join(tmp_path / "a.ts", *parts))
    whole, _ = read(tmp_path / "a.ts", deinterlace="off")
    same = [bool((one.luma == other.luma).all()) for one, other in zip(frames, whole, strict=True)]
    assert same == [True] * 30 + [False] * 30 + [True] * 30
    assert [frame.pts for frame in frames] == [frame.pts for frame in whole]


@pytest.mark.parametrize(
    ("mode", "options", "changed"), [("auto", NO_B, False), ("on", NO_B, True), ("off", TOP_FIRST, False)]
)
def test_modes(tmp_path: Path, mode: str, options: dict[str, str], changed: bool) -> None:
    given = write_video(tmp_path / "a.mkv", count=6, options=options)
    frames, reader = read(tmp_path / "a.mkv", deinterlace=mode)
    assert reader.luma_changed is changed and (NOTE in reader.notes) is changed
    assert all(np.array_equal(f.luma, luma) is not changed for f, luma in zip(frames, given, strict=True))


def test_unknown_mode(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="deinterlace=maybe is unknown: choose auto, on, off"):
        VideoReader(clip(tmp_path / "a.mkv", count=1), deinterlace="maybe")
