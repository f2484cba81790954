"""Pictures as a live source gives them, without a camera."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np

from temporal_colorize.video import Frame, VideoInfo, probe
from temporal_colorize.video.live import Picture
from temporal_colorize.video.live.timeline import TIME_BASE
from tests.support.videos import index_luma, write_video

RATE = 25
STEP = round(1 / RATE / TIME_BASE)
ENCODING = {"preset": "ultrafast", "qp": 0, "tune": "zerolatency", "threads": 1}


def live_info(folder: Path, *, width: int = 128, height: int = 96) -> VideoInfo:
    """Describe a live stream of this size."""
    path = folder / f".{width}x{height}.mp4"
    write_video(path, count=1, width=width, height=height)
    return replace(probe(path), path=Path("camera1"), time_base=TIME_BASE, frame_count=None, duration=None)


def live_pictures(info: VideoInfo, count: int, *, first: int = 0) -> Iterator[tuple[Picture, np.ndarray, np.ndarray]]:
    """Yield pictures with their number drawn in, and two planes of chroma for each."""
    for number in range(first, first + count):
        luma = index_luma(number, width=info.width, height=info.height)
        frame = Frame(luma, number * STEP, TIME_BASE, STEP)
        chroma = [np.full(info.chroma_shape, value, np.uint8) for value in (100, 170)]
        yield Picture(frame, info, (), time.monotonic(), datetime.now(UTC), "arrival"), *chroma


class Receiver:
    """Listens at an address in a thread and decodes what is published there.

    Attributes:
        pictures: as PyAV decodes them.
    """

    def __init__(self, url: str, **options: str) -> None:
        self.pictures: list[av.VideoFrame] = []
        self._url, self._options = url, options
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with (
            contextlib.suppress(av.FFmpegError),  # how RTMP ends
            av.open(self._url, options=self._options, timeout=(10, 10)) as container,
        ):
            self.pictures.extend(container.decode(video=0))

    def wait(self) -> list[av.VideoFrame]:
        """Wait for the end of the stream, and return all of it."""
        self._thread.join(15)
        assert not self._thread.is_alive()
        return self.pictures
