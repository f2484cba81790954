"""The cameras of the documents: their options, and runs before a real server."""

import json
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.cli.living import cameras_of, with_live_encoder
from tests.support.documents import Command
from tests.support.live import Receiver
from tests.support.pasting import of_kind, stood_in
from tests.support.program import start
from tests.support.rtsp import RtspServer, free_port, needs_rtsp, wait_until


@of_kind("live")
def test_the_options_of_a_camera_are_known(command: Command) -> None:
    assert cameras_of(cli.compose("infer", with_live_encoder(_of_camera(command))))


def _of_camera(command: Command) -> list[str]:
    """Return what infer.py is given; who starts and ends it is left out."""
    return [word for word in stood_in(command) if "=" in word]


@needs_rtsp
@pytest.mark.slow
@of_kind("live")
def test_a_camera_is_coloured(command: Command, folder: Path) -> None:
    published = f"rtsp://127.0.0.1:{free_port()}/live/cam"
    with RtspServer("--size", "320x240", "--keyframes", "10") as server:
        addresses = {"rtsp://camera/stream": server.url, "rtsp://door/1": server.url, "rtsp://yard/1": server.url}
        addresses |= {"rtsp://server/yard": published, "rtsp://frigate:8554/yard_color": published, "/var/lib/": ""}
        given = " ".join(_of_camera(command))
        for address, real in addresses.items():
            given = given.replace(address, real)
        health = ("live.health=health.jsonl", "live.health_seconds=0.3", "weights=mine.safetensors", "runtime=torch")
        process = start("infer.py", *given.split(), "inference.size=64", *health, folder=folder)
        receiver = None
        try:
            wait_until(lambda: _most(folder, "frames") > 0, seconds=90, what="pictures")
            if published in given:  # who listens gives up soon, and publishing is tried again
                receiver = Receiver(published, rtsp_flags="listen", listen_timeout="10")
            wait_until(lambda: _most(folder, "colored") > 30, seconds=60, what="coloured pictures")
        finally:
            process.terminate()
            status = process.wait(30)
    assert status == 0
    assert receiver is None or receiver.wait()


def _most(folder: Path, count: str) -> int:
    """Return the highest of a count in what was said of how it is doing."""
    health = folder / "health.jsonl"
    lines = health.read_text().splitlines() if health.exists() else []
    return max((json.loads(line)[count] for line in lines), default=0)
