"""The time of day at which a live picture was taken."""

import struct
import time
from datetime import UTC, datetime, timedelta

import pytest
from av.packet import Packet

from temporal_colorize.video.live.clock import stamp_of, taken


class Stamped:
    """What FFmpeg gives of a packet for which sender reports have come: microseconds since 1970, and flags."""

    def __init__(self, microseconds: int) -> None:
        self._stamp = struct.pack("=qi4x", microseconds, 24)

    def has_sidedata(self, name: str) -> bool:
        return name == "prft"

    def get_sidedata(self, name: str) -> bytes:
        return self._stamp


def test_the_camera_s_time_is_read_to_the_microsecond() -> None:
    assert stamp_of(Stamped(1_795_365_303_104_450)) == datetime(2026, 11, 22, 16, 35, 3, 104450, UTC)
    assert stamp_of(Stamped(2**62)) is None
    assert stamp_of(Packet(10)) is None


@pytest.mark.parametrize("hours", [-23, -1, 0, 23])
def test_a_camera_s_clock_is_taken_at_its_word(hours: int) -> None:
    stamp = datetime.now(UTC) + timedelta(hours=hours)
    assert taken(stamp, time.monotonic()) == (stamp, "camera")


@pytest.mark.parametrize("stamp", [None, datetime(1970, 1, 1, 5, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)])
def test_without_one_that_was_set_it_is_when_the_packet_came(stamp: datetime | None) -> None:
    came, by = taken(stamp, time.monotonic() - 2)
    assert by == "arrival" and came.tzinfo is UTC
    assert abs(datetime.now(UTC) - timedelta(seconds=2) - came) < timedelta(seconds=0.5)
