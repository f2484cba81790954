"""A process that publishes what comes in on standard input; `sinks.Publisher` starts it.

The first line says where, as JSON; the rest is a container. The last line on standard error says why it ended early.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import BinaryIO

import av

from temporal_colorize.video.errors import reason
from temporal_colorize.video.live.addresses import scrubbed
from temporal_colorize.video.live.sinks import BETWEEN

_PR_SET_PDEATHSIG = 1  # of prctl(2)


def publish(source: BinaryIO, address: str, format: str, options: dict[str, str]) -> None:
    """Pass packets on until the source ends.

    Raises:
        av.FFmpegError, OSError: If the address does not take them.
    """
    with (
        av.open(source, format=BETWEEN, options={"probesize": "32"}) as given,
        av.open(address, "w", format=format, container_options=options) as made,
    ):
        twins = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
        made.metadata.update(given.metadata)
        for packet in given.demux():
            if packet.size:
                packet.stream = twins[packet.stream.index]
                made.mux(packet)


def end_with(parent: int) -> None:
    """End this process when the one that started it ends, even while FFmpeg waits for the network."""
    with contextlib.suppress(OSError, AttributeError):  # Linux alone can do that
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended before
        sys.exit(1)


def main() -> int:
    """Read the order and follow it."""
    source = sys.stdin.buffer.raw  # gives what there is; with a buffer, a read would wait for 32 KiB
    order = json.loads(source.readline())
    end_with(order.pop("parent"))
    try:
        publish(source, **order)
    except (av.FFmpegError, OSError, ValueError) as error:
        print(scrubbed(reason(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
