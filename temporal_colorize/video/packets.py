"""Packets on disk: what an encoder made and what was copied beside it, until they go into a container together."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from av.packet import Packet

from temporal_colorize.video.errors import VideoError, on_disk

_HEAD = struct.Struct("<iqqqqq?I")  # stream, pts, dts, duration, time base, keyframe, size
_NONE = -(2**63)
PICTURES = -1  # the stream of the coloured pictures


class Kept(NamedTuple):
    """A packet and the index of the stream, in the source, that it belongs to, or PICTURES."""

    stream: int
    packet: Packet


class PacketFile:
    """Writes packets to a file that has its name only when it is complete and on the disk; a context manager.

    Args:
        path: the file.
        part: its name until then; None for one beside it, where nobody else writes the same.

    Raises:
        VideoError: if the file cannot be written (a full disk).
    """

    def __init__(self, path: Path, *, part: Path | None = None) -> None:
        self.path = path
        self._part = part or path.with_name(f"{path.name}.part")
        with on_disk(path):
            self._file = self._part.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with on_disk(self.path):
            try:
                if kind is None:
                    self._file.flush()
                    os.fsync(self._file.fileno())
            finally:
                self._file.close()
            if kind is None:
                os.replace(self._part, self.path)
            else:
                self._part.unlink(missing_ok=True)

    def write(self, stream: int, packet: Packet) -> None:
        """Add a packet; side data, which no container needs of these, is left behind."""
        base = packet.time_base or Fraction(1)
        times = (_NONE if stamp is None else stamp for stamp in (packet.pts, packet.dts))
        head = (stream, *times, packet.duration or 0, base.numerator, base.denominator, packet.is_keyframe, packet.size)
        with on_disk(self.path):
            self._file.write(_HEAD.pack(*head))
            self._file.write(packet)


def read_packets(path: Path) -> Iterator[Kept]:
    """Yield what a `PacketFile` holds, in the order of writing.

    Raises:
        VideoError: if it cannot be read or is not whole.
    """
    with on_disk(path), path.open("rb") as file:
        while head := file.read(_HEAD.size):
            if len(head) < _HEAD.size:
                raise VideoError(f"{path}: is not whole; delete its folder and run again")
            stream, pts, dts, duration, numerator, denominator, is_keyframe, size = _HEAD.unpack(head)
            packet = Packet(file.read(size))
            if packet.size != size:
                raise VideoError(f"{path}: is not whole; delete its folder and run again")
            packet.pts, packet.dts = (None if stamp == _NONE else stamp for stamp in (pts, dts))
            packet.duration, packet.time_base = duration, Fraction(numerator, denominator)
            packet.is_keyframe = is_keyframe
            yield Kept(stream, packet)
