"""A process that publishes what comes in on standard input; `sinks.Publisher` starts it.

The first line says where, as JSON; the rest is a container. The last line on standard error says why it ended early.
"""

import json
import sys
from typing import BinaryIO

import av

from temporal_colorize.video.errors import reason
from temporal_colorize.video.live.addresses import scrubbed
from temporal_colorize.video.live.sinks import BETWEEN


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


def main() -> int:
    """Read the order and follow it."""
    source = sys.stdin.buffer
    try:
        publish(source, **json.loads(source.readline()))
    except (av.FFmpegError, OSError, ValueError) as error:
        print(scrubbed(reason(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
