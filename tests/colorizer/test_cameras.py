"""Streams of the programming interface: cameras, and how a stream ends."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from temporal_colorize import Colorizer
from tests.support.rtsp import RtspServer, free_port, needs_rtsp

LOOK = {"inference.size": 64}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a camera that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/x"


def test_any_thread_closes_a_camera_that_gives_nothing(colorizer: Colorizer, silent: str) -> None:
    idled, ended = threading.Event(), threading.Event()
    frames = colorizer.stream(silent, idle=idled.set)

    def run() -> None:
        assert list(frames) == []
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert idled.wait(5)
    since = time.monotonic()
    frames.close()
    assert ended.wait(1) and time.monotonic() - since < 1
    thread.join()
    frames.close()
    assert list(frames) == []


def test_callbacks_of_a_stream_may_close_it(colorizer: Colorizer, silent: str) -> None:
    frames = colorizer.stream(silent, idle=lambda: frames.close())
    assert list(frames) == []
    told = colorizer.stream(f"rtsp://127.0.0.1:{free_port()}/x", tell=lambda line: told.close())
    assert list(told) == []


def test_a_stream_that_nobody_began_is_closed(folder: Path, colorizer: Colorizer, silent: str) -> None:
    for source in (folder / "clip.mkv", silent):
        with colorizer.stream(source, **LOOK) as frames:
            pass
        assert list(frames) == []


def test_what_idle_raises_ends_the_stream(colorizer: Colorizer, silent: str) -> None:
    def idle() -> None:
        raise KeyError("enough")

    frames = colorizer.stream(silent, idle=idle)
    with pytest.raises(KeyError, match="enough"):
        next(frames)
    assert list(frames) == []


def test_lost_connections_are_logged(colorizer: Colorizer, caplog: pytest.LogCaptureFixture) -> None:
    with colorizer.stream(f"rtsp://bob:hunter2@127.0.0.1:{free_port()}/x", idle=lambda: frames.close()) as frames:
        assert list(frames) == []
    said = [(record.name, record.levelname) for record in caplog.records]
    assert said[0] == ("temporal_colorize", "WARNING")
    assert "connecting again" in caplog.text and "hunter2" not in caplog.text


def test_a_webcam_is_a_number(colorizer: Colorizer) -> None:
    lines: list[str] = []
    with colorizer.stream(987, tell=lines.append, idle=lambda: frames.close()) as frames:
        assert list(frames) == []
    assert lines[0].startswith("camera: 987: it cannot be opened")


@needs_rtsp
def test_a_camera_is_streamed(colorizer: Colorizer) -> None:
    with RtspServer("--size", "128x96") as camera, colorizer.stream(camera.url, tell=str, **LOOK) as frames:
        seen = list(itertools.islice(frames, 3))
    assert [frame.number for frame in seen] == [0, 1, 2] and seen[0].rgb.shape == (96, 128, 3)
    assert list(frames) == []


@needs_rtsp
def test_a_frame_tells_when_it_was_taken_by_the_camera_s_clock_once_that_is_known(colorizer: Colorizer) -> None:
    with RtspServer("--size", "128x96") as camera, colorizer.stream(camera.url, tell=str, **LOOK) as frames:
        seen = []
        for frame in frames:
            seen.append((frame.taken_by, datetime.now(UTC) - frame.taken, frame.taken - timedelta(seconds=frame.time)))
            if frame.taken_by == "camera" or len(seen) > 200:
                break
    assert [by for by, _, _ in seen] == ["arrival"] * (len(seen) - 1) + ["camera"]
    assert all(timedelta(0) <= late < timedelta(seconds=2) for _, late, _ in seen)
    zeros = [zero for _, _, zero in seen]
    assert max(zeros) - min(zeros) < timedelta(seconds=2), "the two clocks are of one machine here"


def test_a_file_does_not_know_when_its_pictures_were_taken(folder: Path, colorizer: Colorizer) -> None:
    with colorizer.stream(folder / "clip.mkv", **LOOK) as frames:
        frame = next(frames)
    assert (frame.taken, frame.taken_by) == (None, None)
