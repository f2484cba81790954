"""Damages real files by a seed, and colours them in a child process that may die or hang.

`python -m tests.support.fuzz SEED OUTPUT_FOLDER` makes the damaged file of a seed once more and colours it here.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from tests.support.videos import write_video

_H264 = {"preset": "ultrafast", "g": "6"}
_HEVC = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=6:pools=none"}
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
_VP9 = {"cpu-used": "8", "deadline": "realtime", "g": "6"}
# Every kind of file that a recorder writes: what it is called, how it is encoded, its sound.
SOURCES: dict[str, dict[str, object]] = {
    "h264.mp4": {"codec": "libx264", "options": _H264, "audio": "aac"},
    "fragments.mp4": {"codec": "libx264", "options": _H264, "container_options": _FRAGMENTS},
    "hevc.mp4": {"codec": "libx265", "options": _HEVC},
    "h264.mkv": {"codec": "libx264", "options": _H264, "audio": "pcm_s16le"},
    "ten.mkv": {"codec": "libx264", "options": _H264, "pix_fmt": "yuv420p10le"},
    "ffv1.mkv": {"codec": "ffv1", "options": {}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "6"}, "audio": "mp3"},
    "mjpeg.avi": {"codec": "mjpeg", "options": {}, "pix_fmt": "yuvj420p", "audio": "pcm_s16le"},
    "h264.mov": {"codec": "libx264", "options": _H264, "audio": "pcm_s16le"},
    "h264.ts": {"codec": "libx264", "options": _H264, "audio": "aac"},
    "hevc.ts": {"codec": "libx265", "options": _HEVC},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "6"}, "audio": "mp2"},
    "stream.h264": {"codec": "libx264", "options": _H264},
    "stream.hevc": {"codec": "libx265", "options": _HEVC},
    "stream.mjpeg": {"codec": "mjpeg", "options": {}, "pix_fmt": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": _VP9, "audio": "libopus"},
    "h264.flv": {"codec": "libx264", "options": _H264, "audio": "aac"},
    "grey.nut": {"codec": "rawvideo", "options": {}, "pix_fmt": "gray"},
}
_FRAMES, _SIZE = 16, {"width": 96, "height": 64}
_MEMORY = 3 << 30  # of the child's address space, beyond what it has when it starts


def write_sources(folder: Path) -> dict[str, Path]:
    """Write a small file of every kind."""
    for name, options in SOURCES.items():
        write_video(folder / name, count=_FRAMES, **_SIZE, **options)
    return {name: folder / name for name in SOURCES}


def _flip(content: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(0, len(content), rng.integers(1, 60)).tolist():
        content[place] ^= 1 << int(rng.integers(8))


def _flip_header(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.choice([0, max(0, len(content) - 3000)]))  # where MP4 has its index
    for _ in range(rng.integers(1, 6)):
        content[start + int(rng.integers(min(3000, len(content) - start)))] = int(rng.choice([0, 1, 127, 128, 255]))


def _zero(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    stop = min(len(content), start + int(rng.integers(1, 4000)))
    content[start:stop] = bytes(stop - start)


def _cut_off(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(1, len(content))) :]


def _cut_out(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(content)))
    del content[start : start + int(rng.integers(1, 3000))]


def _splice(content: bytearray, rng: np.random.Generator) -> None:
    start, place = rng.integers(0, len(content), 2).tolist()
    content[place:place] = content[start : start + int(rng.integers(1, 8000))]


def _swap(content: bytearray, rng: np.random.Generator) -> None:
    length = int(rng.integers(1, max(2, len(content) // 4)))
    one, other = sorted(rng.integers(0, max(1, len(content) - length), 2).tolist())
    content[one : one + length], content[other : other + length] = (
        content[other : other + length],
        content[one : one + length],
    )


DAMAGES: list[Callable[[bytearray, np.random.Generator], None]] = [
    _flip,
    _flip_header,
    _zero,
    _cut_off,
    _cut_out,
    _splice,
    _swap,
]


def damaged(seed: int, sources: dict[str, Path], folder: Path) -> Path:
    """Write the damaged file of a seed: the kinds take turns, and so do the damages, up to three of them together."""
    rng = np.random.default_rng(seed)
    name = list(sources)[seed % len(sources)]
    content = bytearray(sources[name].read_bytes())
    for turn in range(rng.integers(1, 4)):
        damage = DAMAGES[seed // len(sources) % len(DAMAGES)] if turn == 0 else rng.choice(DAMAGES)
        if len(content) > 1:
            damage(content, rng)
    path = folder / f"{seed:05d}-{name}"
    path.write_bytes(content)
    return path


class Outcome(NamedTuple):
    """How a file ended: "coloured", "refused" or what must not be; and what was said."""

    kind: str
    text: str


def colour(path: Path, target: Path) -> Outcome:
    """Colour a file with a tiny network and look at what comes out."""
    from temporal_colorize.inference.session import Session, SessionOptions
    from temporal_colorize.inference.video import colorize_video
    from temporal_colorize.video import VideoError
    from tests.support.networks import tiny_weights

    session = Session(tiny_weights(), SessionOptions(size=32))
    try:
        report = colorize_video(path, target, session, codec="libx264", options={"preset": "ultrafast", "threads": 1})
    except VideoError as error:
        one_line = "\n" not in str(error) and str(error).count(str(path)) + str(error).count(str(target))
        return Outcome("refused" if one_line and not target.exists() else "badly refused", str(error))
    with av.open(str(target)) as container:
        times = [picture.pts for picture in container.decode(video=0)]
    whole = len(times) == report.frames > 0 and times == sorted(times)  # MKV rounds to milliseconds
    return Outcome("coloured" if whole else "badly coloured", str(report))


def _serve(connection: Connection) -> None:
    import traceback

    import torch

    torch.set_num_threads(1)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    while True:
        path, target = connection.recv()
        try:
            outcome = colour(path, target)
        except BaseException:
            outcome = Outcome("traceback", traceback.format_exc())
        connection.send(outcome)


class Child:
    """A process that colours one file after another, and is replaced where it dies or hangs."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def colour(self, path: Path, target: Path) -> Outcome:
        """Colour a file; a death and a hang are outcomes, too."""
        self._connection.send((path, target))
        try:
            if self._connection.poll(self._seconds):
                return self._connection.recv()
            outcome = Outcome("hang", f"after {self._seconds} s")
        except (EOFError, ConnectionError):
            self._process.join(5)
            outcome = Outcome("crash", f"exit code {self._process.exitcode}")
        self.close()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        file = damaged(int(sys.argv[1]), write_sources(Path(made)), Path(sys.argv[2]))
    print(file, colour(file, file.with_suffix(".out.mkv")))
