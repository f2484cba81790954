"""A part of a file, by time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from temporal_colorize.options import require_number

_LEAD = 2  # seconds by which sound may come later in a file than the pictures beside it


@dataclass(frozen=True, kw_only=True)
class Part:
    """From `start` up to `end`, in seconds after the first picture; a part's own times begin at its start.

    Attributes:
        start: 0 or more.
        end: above `start`; None for all that follows.
        origin: the first picture's time, in seconds.

    Raises:
        ValueError: if they are no such numbers.
    """

    start: Fraction | float = 0
    end: Fraction | float | None = None
    origin: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        require_number("start", self.start, least=0)
        if self.end is not None:
            require_number("end", self.end, least=0)
            if self.end <= self.start:
                raise ValueError(f"end={self.end} must be above start={self.start}")

    @property
    def _begins(self) -> Fraction:
        return self.origin + _exact(self.start)

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole file."""
        return not self.start and self.end is None

    def seconds(self, duration: float | None) -> float | None:
        """Return how long the part is of a file of this length, if that is known."""
        ends = [end for end in (self.end, duration) if end is not None]
        return max(0.0, float(min(ends) - self.start)) if ends else None

    def shift(self, time_base: Fraction) -> int:
        """Return what to take from the file's own timestamps, in units of `time_base`."""
        return round(self._begins / time_base) if self.start else 0

    def begins_after(self, time: Fraction) -> bool:
        """Say whether a time of the file is before the part."""
        return bool(self.start) and time < self._begins

    def is_over(self, time: Fraction) -> bool:
        """Say whether a time of the file is after the part."""
        return self.end is not None and time >= self.origin + _exact(self.end)

    def is_long_over(self, time: Fraction) -> bool:
        """Say whether nothing of the part can follow in a file that has come to this time."""
        return self.is_over(time - _LEAD)


def _exact(seconds: Fraction | float) -> Fraction:
    """Take a number as it was written: 3.6 is less in binary, and would leave out the picture at 3.6 s."""
    return Fraction(str(seconds))
