"""The process that publishes."""

import os
import signal
import socket
import subprocess
import sys

from tests.support.program import ROOT
from tests.support.rtsp import wait_until

_PARENT = """
import sys, time
from temporal_colorize.video.live.sinks import Publisher
options = {"rtsp_transport": "tcp"}
publisher = Publisher(sys.argv[1], "rtsp", options, patience=5, stopped=lambda: False)
publisher.write(b"".join(iter(lambda: sys.stdin.buffer.read(1 << 12), b"")))
print(publisher._process.pid, flush=True)
time.sleep(60)
"""


def nut() -> bytes:
    """Return the beginning of a container, as a publisher gets it."""
    import io

    import av
    import numpy as np

    made = io.BytesIO()
    with av.open(made, "w", format="nut") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for _ in range(300):  # more than FFmpeg looks at before it believes in a stream
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    return made.getvalue()


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_publisher_that_waits_for_the_net_ends_when_its_parent_is_killed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        command = [sys.executable, "-c", _PARENT, url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as parent:
            parent.stdin.write(nut())
            parent.stdin.close()
            pid = int(parent.stdout.readline())
            try:
                with server.accept()[0]:  # and never a word
                    assert is_running(pid)
                    parent.kill()
                    wait_until(lambda: not is_running(pid), seconds=2, what="the publisher ended")
            finally:
                parent.kill()
                if is_running(pid):
                    os.kill(pid, signal.SIGKILL)
