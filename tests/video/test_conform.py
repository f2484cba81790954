"""Pictures that change in the middle of a file."""

from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.video import Frame, VideoReader
from tests.support.footage import clip, join, numbered
from tests.support.videos import index_of

NO_B = {"qp": "0", "bf": "0", "preset": "ultrafast"}
FLAT = 128, 96


def flat(path: Path, level: int, pix_fmt: str, *, size: tuple[int, int] = FLAT) -> Path:
    """Write pictures of one level."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=NO_B)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        picture = av.VideoFrame(*size, pix_fmt)
        dtype = np.uint16 if "10" in pix_fmt else np.uint8
        for plane, value in zip(picture.planes, (level, *[np.iinfo(dtype).max // 2] * 2), strict=True):
            np.frombuffer(plane, dtype)[:] = value if dtype == np.uint8 else min(value, 1023)
        for number in range(30):
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def read(path: Path) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path) as reader:
        return [item for item in reader if isinstance(item, Frame)], reader


@pytest.mark.parametrize(
    ("first", "second", "pix_fmts", "level"),
    [
        (16, 255, ("yuv420p", "yuvj420p"), 235),  # full range to limited: BT.601, 16 + 219 / 255 * Y
        (100, 400, ("yuv420p", "yuv420p10le"), 100),  # ten bits are four times eight
        (400, 100, ("yuv420p10le", "yuv422p"), 400),
    ],
)
def test_levels_after_a_change(tmp_path: Path, first: int, second: int, pix_fmts: tuple[str, str], level: int) -> None:
    parts = [flat(tmp_path / f"{n}.ts", *of) for n, of in enumerate(zip((first, second), pix_fmts, strict=True))]
    frames, reader = read(join(tmp_path / "a.ts", *parts))
    assert len(frames) == 60 and reader.luma_changed
    assert [set(frame.luma.flat) for frame in frames[:30]] == [{first}] * 30
    assert all(np.abs(frame.luma.astype(int) - level).max() <= 1 for frame in frames[30:])
    assert {frame.luma.dtype for frame in frames} == {np.dtype(reader.info.layout.dtype)}


def test_a_change_is_said_once_and_the_way_back_is_none(tmp_path: Path) -> None:
    sizes = [(128, 96), (192, 144), (128, 96), (192, 144)]
    parts = [clip(tmp_path / f"{n}.ts", width=w, height=h, options=NO_B) for n, (w, h) in enumerate(sizes)]
    frames, reader = read(join(tmp_path / "a.ts", *parts))
    assert {frame.luma.shape for frame in frames} == {(96, 128)}
    assert [index_of(frame.luma) for frame in frames] == list(range(30)) * 4
    changes = [note for note in reader.notes if "changes" in note]
    assert changes == [
        f"the picture changes to 192x144 yuv420p after {after} frames: scaled to 128x96" for after in (30, 90)
    ]


def test_many_changes_are_not_all_said(tmp_path: Path) -> None:
    for number in range(12):
        numbered(tmp_path / "frames", "%d.png", [number], width=128 + 8 * (number % 2), height=96)
    frames, reader = read(tmp_path / "frames" / "%d.png")
    assert len(frames) == 12 and len(reader.notes) == 6  # one of them on the rate
    assert reader.notes[-1].endswith("; further changes likewise")


def test_the_same_luma_in_another_format_is_no_change(tmp_path: Path) -> None:
    parts = [clip(tmp_path / f"{n}.ts", pix_fmt=f, options=NO_B) for n, f in enumerate(["yuv420p", "yuv444p", "gray"])]
    frames, reader = read(join(tmp_path / "a.ts", *parts))
    assert len(frames) == 90 and not reader.luma_changed
    for frame, same in zip(frames[:30], frames[30:60], strict=True):
        np.testing.assert_array_equal(frame.luma, same.luma)
