"""Which picture of the source a picture is, and what the source says of its time."""

from __future__ import annotations

from typing import Any, NamedTuple


class Origin(NamedTuple):
    """Where a picture comes from.

    Attributes:
        number: of the picture, from 0, among those that the decoder gives of the file, in their order.
        stamp: its time in the file, in units of the stream's time base; None if it has none.
        is_damaged: whether the decoder marked it as corrupt.
    """

    number: int
    stamp: int | None
    is_damaged: bool = False


class Origins:
    """Remembers origins by the time that a picture is given, while filters hold it back."""

    def __init__(self) -> None:
        self._waiting: dict[int, Origin] = {}

    def note(self, pts: int, origin: Origin) -> None:
        """Remember the origin of the picture that is shown at a time."""
        self._waiting[pts] = origin

    def take(self, pts: int) -> Origin:
        """Return it, once."""
        return self._waiting.pop(pts)

    def state(self) -> list[Any]:
        """Copy what is carried from picture to picture; JSON can hold it."""
        return [[pts, *origin] for pts, origin in self._waiting.items()]

    def restore(self, state: list[Any]) -> None:
        """Go on from a `state`."""
        self._waiting = {pts: Origin(*parts) for pts, *parts in state}
