"""Files that a recorder has not finished, or was still writing while we read them."""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

GROWN = "was still being written: coloured up to what there was"
_OF_MP4 = (b"ftyp", b"mdat", b"wide", b"free", b"skip", b"pnot")  # boxes that such files begin with
_INDICES = (b"moov", b"moof")
_MOST_BOXES = 10_000


def lacks_index(path: str | os.PathLike[str]) -> bool:
    """Say whether this is an MP4 or QuickTime file without its index, which recorders write last."""
    with open(path, "rb") as file:
        kinds = list(itertools.islice(_boxes(file), _MOST_BOXES))
    return bool(kinds) and kinds[0] in _OF_MP4 and not set(kinds) & set(_INDICES)


def _boxes(file: BinaryIO) -> Iterator[bytes]:
    """Yield the kinds of a file's outermost boxes."""
    size, place = os.fstat(file.fileno()).st_size, 0
    while place + 8 <= size:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        yield kind
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        if length < 8:  # 0: up to the end
            return
        place += length


class Watch:
    """Notices whether a file changes from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = self._state()

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns

    @property
    def changed(self) -> bool:
        """Whether it has."""
        return self._state() != self._before
