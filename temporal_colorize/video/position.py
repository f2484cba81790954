"""Where in a file reading stands, so that it can go on there in another process."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

_KEYFRAMES_BACK = 2  # decoding starts at the last but one: pictures around an open group's keyframe need the one before
_REMEMBERED = 64  # a decoder holds fewer pictures back


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place between two pictures; JSON can hold what `as_json` gives.

    Attributes:
        frames: pictures before it.
        packets: packets before it, of all streams that are read.
        keyframe: the packet from which on the pictures around it can be decoded; None if only all of them will do.
        pts: of the last picture, as it was yielded but for the beginning of a part, and
        luma: the CRC-32 of that picture's luma, by which the place is known again.
        state: what else reading carries on.
    """

    frames: int
    packets: int
    keyframe: int | None
    pts: int | None
    luma: int
    state: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Position:
        """Undo `as_json`."""
        return cls(**values)


def fingerprint(luma: np.ndarray) -> int:
    """Return the CRC-32 of a luma plane's samples."""
    return zlib.crc32(np.ascontiguousarray(luma))


class Keyframes:
    """Remembers the last keyframe packets of a stream."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int | None]] = deque(maxlen=_REMEMBERED)

    def add(self, packet: int, pts: int | None) -> None:
        """Note the number of a keyframe's packet and its time."""
        self._recent.append((packet, pts))

    def before(self, pts: int | None) -> int | None:
        """Return the number of the packet from which to decode for what follows a picture; None if none is known."""
        known = [packet for packet, stamp in self._recent if None not in (stamp, pts) and stamp < pts]
        return known[-_KEYFRAMES_BACK] if len(known) >= _KEYFRAMES_BACK else None
