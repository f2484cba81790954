"""Counts the pictures that a decoder passes over without a word."""

from __future__ import annotations

from av.packet import Packet

# One packet is one picture in these, unless it is made of two fields; and after damage their decoders say nothing of
# what they leave out up to the next keyframe.
_COUNTED = ("h264", "hevc")
_IN_FLIGHT = 64  # pictures; more no decoder holds back


class Loss:
    """Compares the times of packets with those of the pictures that come of them."""

    def __init__(self, codec: str, *, interlaced: bool) -> None:
        self._count = 0
        self._active = codec in _COUNTED and not interlaced
        self._waiting: dict[int, None] = {}

    def fed(self, packet: Packet) -> None:
        """Note a packet that goes to the decoder."""
        if self._active and packet.pts is not None and not packet.is_discard:
            self._waiting[packet.pts] = None
            if len(self._waiting) > _IN_FLIGHT:
                self._waiting.pop(next(iter(self._waiting)))
                self._count += 1

    def shown(self, stamp: int | None, *, interlaced: bool) -> None:
        """Note a picture that came of it, by the decoder's own time."""
        self._waiting.pop(stamp, None)
        if interlaced:
            self._active, self._count = False, 0
            self._waiting.clear()

    def end(self) -> int:
        """Return the number of pictures that were lost."""
        return self._count + len(self._waiting)
