"""A file that asks for too much is refused in one line that says how to allow it, before it gets anything."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import av
import pytest

from temporal_colorize.video import Limits, VideoError, VideoReader, open_local
from tests.support.videos import write_video

SMALL = Limits(pixels=100_000)
RAISE = "raise it if you trust the file"
FILES = [
    ("libx264", "mp4"),
    ("libx264", "ts"),
    ("libx264", "h264"),
    ("libx265", "mkv"),
    ("libvpx-vp9", "webm"),
    ("mjpeg", "avi"),
    ("mpeg2video", "mpg"),
    ("mpeg4", "avi"),
    ("ffv1", "mkv"),
    ("rawvideo", "nut"),
    ("png", "mov"),
]


def write(path: Path, codec: str, **options: object) -> None:
    pix_fmt = {"mjpeg": "yuvj420p", "png": "gray"}.get(codec, "yuv420p")
    more = {"libx265": {"x265-params": "log-level=none"}, "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime"}}
    write_video(path, codec=codec, pix_fmt=pix_fmt, options=more.get(codec, {}), **{"count": 2, **options})


@pytest.mark.parametrize(("codec", "suffix"), FILES)
def test_large_pictures_are_refused_and_those_at_the_limit_are_not(codec: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    write(path, codec, width=640, height=480)
    with pytest.raises(VideoError) as caught:
        VideoReader(path, limits=SMALL)
    assert str(caught.value) == f"{path}: is 640x480: above limits.pixels=100000; {RAISE}"
    with VideoReader(path, limits=Limits(pixels=640 * 480)) as reader:
        assert reader.info.width == 640


@pytest.mark.parametrize(("codec", "suffix"), [("libx264", "h264"), ("libx264", "ts"), ("mjpeg", "mjpeg")])
def test_pictures_that_grow_in_the_middle_are_left_out_and_named(codec: str, suffix: str, tmp_path: Path) -> None:
    parts = []
    for number, width in enumerate((128, 640)):
        write(tmp_path / f"{number}.{suffix}", codec, count=5, width=width, height=width * 3 // 4)
        parts.append((tmp_path / f"{number}.{suffix}").read_bytes())
    (tmp_path / f"a.{suffix}").write_bytes(b"".join(parts))
    with VideoReader(tmp_path / f"a.{suffix}", limits=SMALL) as reader:
        frames = list(reader)
    assert 3 <= len(frames) <= 5
    assert reader.damaged >= 4
    (note,) = [note for note in reader.notes if "left out" in note]
    assert note.startswith("pictures left out after") and note.endswith(f"limits.pixels=100000; {RAISE}")


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts", "nut"])
def test_many_streams_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(11)]
        for stream in streams:
            stream.width = stream.height = 16
        for stream in streams:
            picture = av.VideoFrame(16, 16, "yuv420p")
            picture.pts = 0
            container.mux(stream.encode(picture) + stream.encode(None))
    open_local(path, limits=Limits(streams=11)).close()
    with pytest.raises(VideoError, match=rf"a\.{suffix}: has more than limits\.streams=10 streams.*; {RAISE}"):
        open_local(path, limits=Limits(streams=10))


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mp4", "ts"])
def test_a_file_that_is_searched_without_end_is_left(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    write_video(tmp_path / "a.mkv", count=2)
    path.write_bytes((tmp_path / "a.mkv").read_bytes()[:300])
    os.truncate(path, 100 << 30)  # of zeros, which take no place
    start = time.perf_counter()
    with pytest.raises(VideoError, match=rf"limits\.seconds=0\.3 to read on; {RAISE}"):
        VideoReader(path, limits=Limits(seconds=0.3))
    assert time.perf_counter() - start < 3


def huge_png(width: int, height: int) -> bytes:
    """A PNG of white, 1 bit a pixel, complete: a thousandth of a byte a pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    line = b"\0" + b"\xff" * (-(-width // 8))
    body = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_huge_picture_as_a_video_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(huge_png(16000, 16000))
    program = (
        "import resource, sys, time\n"
        "from temporal_colorize.video import VideoError, VideoReader\n"
        "before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()\n"
        "try:\n    VideoReader(sys.argv[1])\n"
        "except VideoError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.perf_counter() - start)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    message, numbers = run.stdout.strip().splitlines()
    kilobytes, seconds = map(float, numbers.split())
    assert "above limits.pixels=67108864" in message
    assert kilobytes * 1024 < 16000 * 16000 / 8 and seconds < 1


@pytest.mark.parametrize("wrong", [{"pixels": 0}, {"pixels": True}, {"streams": 10**6}, {"seconds": 0}])
def test_limits_are_numbers_that_make_sense(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=rf"limits\.{name}="):
        Limits(**wrong)
