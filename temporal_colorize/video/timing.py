"""Timestamps as encoders and containers need them: present, and never going back."""

from __future__ import annotations


class Clock:
    """Passes one stream's timestamps through, and repairs those that no file can hold.

    A missing one is made from the nominal step. One that repeats, or steps back by less than a second, moves to just
    after its predecessor. After a larger step back (recorders that restart their clock, joined files) everything that
    follows is shifted to go on from there. Steps forward are real gaps and stay.

    Attributes:
        repaired: how many timestamps are not the file's own.
    """

    def __init__(self, *, step: int, second: int, least: int) -> None:
        """Start a clock.

        Args:
            step: nominal distance of two timestamps, for missing ones.
            second: one second, in the same units.
            least: how far apart two timestamps in turn must be; 0 allows equal ones.
        """
        self.repaired = 0
        self._step = max(1, step)
        self._second = second
        self._least = least
        self._last: int | None = None
        self._shift = 0

    def next(self, stamp: int | None) -> int:
        """Return the timestamp to use for the stream's next item."""
        if stamp is None:
            fixed = 0 if self._last is None else self._last + self._step
        else:
            fixed = stamp + self._shift
            if self._last is not None and fixed < self._last + self._least:
                if self._last - fixed > self._second:
                    self._shift += self._last + self._step - fixed
                    fixed = stamp + self._shift
                else:
                    fixed = self._last + self._least
        self.repaired += stamp is None or fixed != stamp
        self._last = fixed
        return fixed
