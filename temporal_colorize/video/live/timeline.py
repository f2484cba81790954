"""The time of live pictures: one line of it over all connections, and how far behind the camera we are."""

from __future__ import annotations

from fractions import Fraction
from math import inf

TIME_BASE = Fraction(1, 90_000)
_JUMP = 2.0  # seconds that a camera's clock may be away from ours before we follow it no longer
_LEAST = 1  # unit of TIME_BASE between two pictures
_DRIFT = 5e-4  # seconds a second by which a camera's clock is followed; quartz is off by a tenth of that at the most
_WAITED = 0.02  # seconds from which on reading has waited for the network; less may be another thread's turn


class Timeline:
    """Maps timestamps of one connection after another to the time since a start, which never goes back.

    A connection's first picture comes at the time of its arrival and the others as far from it as the camera says. A
    camera whose clock jumps is taken at the time of arrival anew, and one whose clock stands still at every picture.
    One whose clock is a little fast or slow is followed so slowly that nobody sees it.

    Args:
        start: what ``time.monotonic()`` was at the time 0.
    """

    def __init__(self, start: float) -> None:
        self._start = start
        self._last = -_LEAST
        self._offset: float | None = None
        self._newest = -inf  # the connection's own times

    def connect(self) -> None:
        """Begin a new connection, whose timestamps have nothing to do with the last one's."""
        self._offset, self._newest = None, -inf

    @property
    def offset(self) -> float | None:
        """Seconds to add to the connection's own times; None before its first picture."""
        return self._offset

    def place(self, seconds: float | None, arrived: float) -> int:
        """Return when a picture is shown, in units of TIME_BASE, later than the one before.

        Args:
            seconds: its timestamp; None if it has none.
            arrived: what ``time.monotonic()`` was when its packet came.
        """
        now = arrived - self._start
        if seconds is None or seconds == self._newest:
            shown = now
        else:
            self._offset = self._followed(seconds, now)
            shown, self._newest = seconds + self._offset, seconds
        self._last = max(round(shown / TIME_BASE), self._last + _LEAST)
        return self._last

    def _followed(self, seconds: float, now: float) -> float:
        """Return the offset for a picture: the last one, moved a little towards when the picture came."""
        if self._offset is None or abs(now - seconds - self._offset) > _JUMP:
            return now - seconds
        most = _DRIFT * max(0.0, seconds - self._newest)
        return self._offset + min(max(now - seconds - self._offset, -most), most)


class Backlog:
    """Tells how far decoding is behind what has arrived, in seconds.

    The longer a packet has lain waiting, the later it is by its timestamp than one that was read the moment it came.
    The least such lag is the one to compare with. It grows by what reading has waited, for then the network may be
    later than it was, and slowly all the time, for the camera's clock may be slow.
    """

    def __init__(self) -> None:
        self._least: float | None = None
        self._before = 0.0

    def behind(self, seconds: float | None, now: float, *, waited: float) -> float:
        """Take a packet.

        Args:
            seconds: its timestamp; None if it has none.
            now: what ``time.monotonic()`` is.
            waited: seconds that reading it took.
        """
        if seconds is None:
            return 0.0
        lag = now - seconds
        later = (waited if waited > _WAITED else 0.0) + _DRIFT * (now - self._before)
        self._least = lag if self._least is None else min(lag, self._least + later)
        self._before = now
        return lag - self._least
