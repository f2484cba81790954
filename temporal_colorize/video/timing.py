"""Timestamps as encoders and containers need them: present, never going back, and one clock for sound and picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from av.packet import Packet
from av.stream import Stream

_RESTART = Fraction(1)  # seconds back: less is a repeated timestamp
_LONGEST_GAP = Fraction(6 * 3600)  # seconds forward; FFmpeg also takes a clock that restarts for its counter's overflow
_REORDERED = 16  # pictures; as far apart may packets without a decoding time be out of order
_LEADING = ("audio", "video")  # subtitles may lie anywhere
_MOST_NOTES = 5
_IN_FLIGHT = 256  # pictures; more no decoder holds back


class Clock:
    """Passes one stream's timestamps through, and repairs those that no file can hold.

    A missing one is made from the nominal step. One that repeats or steps back moves to just after its predecessor.
    Clocks that restart are the ``Timeline``'s part.

    Attributes:
        repaired: how many timestamps are not the file's own.
    """

    def __init__(self, *, step: int, least: int) -> None:
        """Start a clock.

        Args:
            step: nominal distance of two timestamps, for missing ones.
            least: how far apart two timestamps in turn must be; 0 allows equal ones.
        """
        self.repaired = 0
        self._step = max(1, step)
        self._least = least
        self._last: int | None = None

    def next(self, stamp: int | None) -> int:
        """Return the timestamp to use for the stream's next item."""
        if self._last is None:
            fixed = stamp or 0
        elif stamp is None:
            fixed = self._last + self._step
        else:
            fixed = max(stamp, self._last + self._least)
        self.repaired += fixed != stamp
        self._last = fixed
        return fixed


class Timeline:
    """Puts the packets of all streams of a file on one clock that does not start again.

    Where a recorder sets its clock anew (files that were joined), what follows goes on where everything before it ends,
    and all streams move by the same time, so that sound stays with its picture. A single timestamp far ahead of both
    its neighbours is made up from them. Other steps forward are gaps in the recording, and stay.

    Then each stream's timestamps are made to go forward; for pictures that is done when they are decoded.
    """

    def __init__(
        self, stream: Stream, time_base: Fraction, nominal_step: Fraction, notes: list[str], *, start: Fraction
    ) -> None:
        """Start a timeline.

        Args:
            stream: that of the pictures.
            time_base: of the pictures.
            nominal_step: seconds from picture to picture.
            notes: gets a line for each clock, as far as they are few.
            start: of the first picture, in seconds; before 0, where MP4 shows nothing, everything moves on to 0.
        """
        self._notes = notes
        self._step = nominal_step
        self._pictures = Clock(step=round(nominal_step / time_base), least=1)
        self._others: dict[int, Clock] = {}
        self._picture_stream = stream.index
        if start < 0:
            notes.append(f"its clock begins at {float(start):.2f} s: moved to begin at 0")
        self._moved = 0
        self._moves: dict[int, int] = {}  # of pictures not decoded yet: ticks by which they moved, by their new time
        self._shifts = [max(Fraction(0), -start)]  # seconds, of each clock in turn
        self._chosen: dict[int, int] = {}  # of a stream: the index of its shift
        self._last: dict[int, Fraction] = {}  # of a stream: its last stamp, moved
        self._decoding: dict[int, bool] = {}  # of a stream: whether that was a decoding time
        self._end: Fraction | None = None  # of sound and pictures

    def straighten(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Repair packets in place; one far ahead waits for the next of its stream."""
        for packet in self._on_one_clock(packets):
            yield packet if packet.stream.index == self._picture_stream else self._forward(packet)

    def next_picture(self, stamp: int | None) -> int:
        """Return the time to use for the next picture, given what the decoder says."""
        return self._pictures.next(stamp)

    def original(self, stamp: int | None) -> int | None:
        """Return what the file says where the decoder says this of the time of a picture; for each of them once."""
        return None if stamp is None else stamp - self._moves.pop(stamp, 0)

    @property
    def repaired(self) -> int:
        """How many timestamps are not the file's own, so far."""
        return self._moved + self._pictures.repaired + sum(clock.repaired for clock in self._others.values())

    def picture_state(self) -> dict[str, Any]:
        """Copy what is carried from picture to picture; that of packets comes of reading them again."""
        return dict(vars(self._pictures))

    def restore_picture(self, state: dict[str, Any]) -> None:
        """Go on from a `picture_state`."""
        vars(self._pictures).update(state)

    def _forward(self, packet: Packet) -> Packet:
        stamp = packet.dts if packet.dts is not None else packet.pts
        moved = self._clock(packet).next(stamp)
        if stamp is None:
            packet.pts = packet.dts = moved
        elif moved != stamp:
            packet.pts = None if packet.pts is None else packet.pts + moved - stamp
            packet.dts = None if packet.dts is None else packet.dts + moved - stamp
        return packet

    def _clock(self, packet: Packet) -> Clock:
        """Return the clock of a packet's stream; the stream's first packet sets it up."""
        index, step = packet.stream.index, packet.duration or 0
        if index not in self._others:
            # Sound is counted in samples in MP4: a 256th of a packet is still some. Subtitles may start together.
            least = max(1, step // 256) if packet.stream.type == "audio" else 0
            self._others[index] = Clock(step=step, least=least)
        return self._others[index]

    def _on_one_clock(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        ahead: dict[int, Packet] = {}
        for packet in packets:
            index = packet.stream.index
            waiting = ahead.pop(index, None)
            if waiting is not None:
                yield self._place(waiting, alone=self._returns(waiting, packet))
            if self._leaps(packet):
                ahead[index] = packet
            else:
                yield self._place(packet)
        yield from map(self._place, ahead.values())

    def _leaps(self, packet: Packet) -> bool:
        index, stamp = packet.stream.index, _stamp(packet)
        if packet.dts is None or not self._decoding.get(index) or packet.stream.type not in _LEADING:
            return False
        return stamp + self._shifts[self._chosen[index]] > self._last[index] + _RESTART

    def _returns(self, leaping: Packet, packet: Packet) -> bool:
        """Whether a packet goes on from before the one that leapt ahead."""
        stamp, high = _stamp(packet), _stamp(leaping)
        last, shift = self._last[packet.stream.index], self._shifts[self._chosen[packet.stream.index]]
        return stamp is not None and stamp < high and last <= stamp + shift <= last + _RESTART

    def _place(self, packet: Packet, *, alone: bool = False) -> Packet:
        index, stamp = packet.stream.index, _stamp(packet)
        if stamp is None:
            return packet
        length = (packet.duration or 0) * packet.time_base
        if alone:
            shift = self._last[index] + (length or self._step) - stamp
        else:
            shift = self._shifts[self._choose(packet, stamp)]
        if shift:
            self._move(packet, shift)
        self._last[index], self._decoding[index] = stamp + shift, packet.dts is not None
        if packet.stream.type in _LEADING:
            end = _start(packet) + (length or self._step)
            self._end = end if self._end is None else max(self._end, end)
        return packet

    def _choose(self, packet: Packet, stamp: Fraction) -> int:
        """Find the clock that a packet's stamp is of: among those not left yet, the one that is nearest to now."""
        index = packet.stream.index
        clocks = range(self._chosen.get(index, 0), len(self._shifts))
        fitting = [n for n in clocks if self._fits(packet, stamp + self._shifts[n])]
        if fitting:
            chosen = min(fitting, key=lambda n: abs(stamp + self._shifts[n] - (self._end or 0)))
        elif packet.stream.type in _LEADING:
            chosen = self._restart(packet)
        else:
            chosen = clocks[-1]
        self._chosen[index] = chosen
        return chosen

    def _fits(self, packet: Packet, moved: Fraction) -> bool:
        last = self._last.get(packet.stream.index)
        if last is None:
            return True
        slack = _RESTART
        if packet.stream.type == "video" and not (packet.dts is not None and self._decoding[packet.stream.index]):
            slack += _REORDERED * self._step
        now = max(last, self._end or last)
        return moved >= last - slack and moved <= now + _LONGEST_GAP

    def _restart(self, packet: Packet) -> int:
        start = _start(packet)
        self._shifts.append(self._end - start)
        if len(self._shifts) <= _MOST_NOTES + 1:
            self._notes.append(f"its clock is set anew at {float(self._end):.2f} s, to {float(start):.2f} s: "
                              "what follows goes on from there")  # fmt: skip
        return len(self._shifts) - 1

    def _move(self, packet: Packet, shift: Fraction) -> None:
        ticks = round(shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        self._moved += 1
        if packet.stream.index == self._picture_stream and packet.pts is not None:
            self._moves[packet.pts] = ticks
            if len(self._moves) > _IN_FLIGHT:  # one that never came
                self._moves.pop(next(iter(self._moves)))


def _stamp(packet: Packet) -> Fraction | None:
    """Return a packet's decoding time in seconds, which never goes back in order; or else when it is shown."""
    ticks = packet.dts if packet.dts is not None else packet.pts
    return None if ticks is None else ticks * packet.time_base


def _start(packet: Packet) -> Fraction:
    return (packet.pts if packet.pts is not None else packet.dts) * packet.time_base
