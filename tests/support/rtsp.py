"""RTSP cameras for tests: a GStreamer server in a process of its own, and what a test needs around it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Self

import pytest

SCRIPT = Path(__file__).with_name("rtsp_server.py")
_PROGRAM = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@lru_cache
def system_python() -> str | None:
    """Return a Python that has GStreamer's RTSP server; None if none does."""
    for python in ("/usr/bin/python3", "python3"):
        try:
            found = subprocess.run([python, "-c", _PROGRAM], capture_output=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found.returncode == 0:
            return python
    return None


def needs_rtsp(test: Callable) -> Callable:
    """Mark a test that needs a GStreamer RTSP server."""
    reason = "no GStreamer RTSP server: apt-get install gir1.2-gst-rtsp-server-1.0 (see Makefile)"
    return pytest.mark.rtsp(pytest.mark.skipif(system_python() is None, reason=reason)(test))


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class RtspServer:
    """A camera at ``url``, up when constructed; a context manager that kills it.

    Args:
        options: of rtsp_server.py, such as "--size", "640x360".
        port: to listen on; a free one if None.
    """

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/cam"
        command = [system_python() or "python3", str(SCRIPT), str(self.port), *options]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, text=True, env=env, **pipes)
        if self._process.stdout.readline() != "up\n":
            raise RuntimeError(f"the RTSP server did not start on port {self.port}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def tell(self, command: str) -> None:
        """Give it a command; see rtsp_server.py."""
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()


def wait_until(true: Callable[[], object], *, seconds: float, what: str) -> float:
    """Wait for something, and return how long that took; fail if it takes longer than so many seconds."""
    start = time.monotonic()
    while not true():
        if time.monotonic() - start > seconds:
            pytest.fail(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
    return time.monotonic() - start
