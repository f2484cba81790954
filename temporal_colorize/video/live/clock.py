"""When a live picture was taken, by a clock of the world."""

from __future__ import annotations

import struct
import time
from datetime import UTC, datetime, timedelta
from typing import Literal

from av.packet import Packet

Clock = Literal["camera", "arrival"]

_STAMP = "prft"  # FFmpeg's name of what it makes of an RTP sender report and a packet's own time
_ASTRAY = timedelta(days=1)  # by which a clock that was ever set is not away from ours; others begin at 1970 or 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp_of(packet: Packet) -> datetime | None:
    """Return when a packet's picture was taken by its camera's clock; None if no sender report has come so far."""
    if not packet.has_sidedata(_STAMP):
        return None
    (microseconds,) = struct.unpack_from("=q", bytes(packet.get_sidedata(_STAMP)))
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # a damaged report
        return None


def taken(stamp: datetime | None, arrived: float) -> tuple[datetime, Clock]:
    """Return when a picture was taken, in UTC, and by which clock.

    Args:
        stamp: what its camera says, right or wrong; but one that is a day away from our own time was never set.
        arrived: what ``time.monotonic()`` was when its packet came; that time is taken where the camera's is not.
    """
    came = datetime.fromtimestamp(time.time() - (time.monotonic() - arrived), UTC)
    return (came, "arrival") if stamp is None or abs(stamp - came) > _ASTRAY else (stamp, "camera")
