"""Counts the pictures that a decoder passes over without a word."""

from __future__ import annotations

from typing import Any

from av.packet import Packet

# One packet is one picture in these, unless it is made of two fields; and after damage their decoders say nothing of
# what they leave out up to the next keyframe.
_COUNTED = ("h264", "hevc")
_IN_FLIGHT = 64  # pictures; more no decoder holds back


class Loss:
    """Compares the times of packets with those of the pictures that come of them.

    Attributes:
        count: pictures that were lost, so far.
    """

    def __init__(self, codec: str, *, interlaced: bool) -> None:
        self.count = 0
        self._active = codec in _COUNTED and not interlaced
        self._waiting: dict[int, None] = {}

    def fed(self, packet: Packet) -> None:
        """Note a packet that goes to the decoder."""
        if self._active and packet.pts is not None and not packet.is_discard:
            self._waiting[packet.pts] = None
            if len(self._waiting) > _IN_FLIGHT:
                self._waiting.pop(next(iter(self._waiting)))
                self.count += 1

    def shown(self, stamp: int | None, *, interlaced: bool) -> None:
        """Note a picture that came of it, by the decoder's own time."""
        self._waiting.pop(stamp, None)
        if interlaced:
            self._active, self.count = False, 0
            self._waiting.clear()

    def end(self) -> None:
        """Count what has not come as lost."""
        self.count += len(self._waiting)
        self._waiting.clear()

    def state(self) -> dict[str, Any]:
        """Copy what is carried from packet to packet; JSON can hold it."""
        return {"count": self.count, "active": self._active, "waiting": list(self._waiting)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.count, self._active = state["count"], state["active"]
        self._waiting = dict.fromkeys(state["waiting"])
