"""One pass over an open file: packets in, frames out, and how to go on from where another pass stood."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.conform import Conformer
from temporal_colorize.video.decoder import demuxed
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.pictures import Pictures, Plan
from temporal_colorize.video.pixels import luma_of
from temporal_colorize.video.position import Keyframes, Position, fingerprint
from temporal_colorize.video.timing import Timeline

Item = Frame | Packet
_SEARCHED = 200  # packets after a place in which its last picture must come out again


class Reading:
    """Yields, in the file's own order, a ``Frame`` per picture and a packet per piece of sound or subtitle.

    Args:
        container: the open file, at the beginning of the part.
        stream: that of the pictures.
        plan: see ``Plan``.
        notes: gets what is done otherwise than asked, in a line each.
        careful: whether one thread decodes.

    Attributes:
        container: the open file.
        stream: that of the pictures.
        copied: the streams whose packets are yielded.
        pictures: what is decoded, and counted.
        frames: pictures yielded so far, or before the place it went on from.
        packets: packets read so far, of all streams that are read, and
        yielded: the number of the one that was yielded last.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, plan: Plan, notes: list[str], *, careful: bool
    ) -> None:
        self.container, self.stream, self._plan, self._notes = container, stream, plan, notes
        self.copied: list[Stream] = [s for s in container.streams if s.type in ("audio", "subtitle")]
        self.frames = self.packets = self.yielded = self._copied = self._broken = 0
        self._has_passed_end = False
        self._newest: Frame | None = None
        self._last: int | None = None  # time of the last picture in the file
        base = plan.info.time_base
        self._timeline = Timeline(stream, base, 1 / plan.info.nominal_rate, notes, start=plan.first * base)
        self.pictures = Pictures(stream, self._timeline, plan, notes, careful=careful)
        self._conform = Conformer(plan.info, notes)
        self._keyframes = Keyframes()
        self._packets = self._count(itertools.chain(self._timeline.straighten(self._demux()), [None]))

    @property
    def damaged(self) -> int:
        """How many times reading or decoding failed, a picture was corrupt or did not come at all, so far."""
        return self._broken + self.pictures.damaged

    @property
    def retimed(self) -> int:
        """How many timestamps were made up, so far."""
        return self._timeline.repaired

    @property
    def luma_changed(self) -> bool:
        """Whether pictures were deinterlaced, scaled or converted, so far."""
        return self.pictures.deinterlaced or self._conform.changed

    def items(self) -> Iterator[Item]:
        """Read on, up to the end of the part.

        Raises:
            DamageError: at the first damage, where several threads decode.
            VideoError: where the source takes too long.
        """
        for packet in self._packets:
            if packet is not None and packet.stream.index != self.stream.index:
                yield from self._cut(packet, self.packets)
            elif not self._has_passed_end:
                yield from self._framed(self.pictures.of(packet))
            if packet is not None and self._has_passed_end and self._plan.part.is_long_over(_time_of(packet)):
                return
        if not self._has_passed_end:
            self.pictures.end()

    def position(self) -> Position | None:
        """Return the place after the last frame that was yielded; None before any."""
        # What a decoder makes up for what it lacks may come of pictures from before any keyframe.
        known = not self._plan.untimed and not self.damaged
        return self._newest and Position(
            frames=self.frames,
            packets=self.packets,
            keyframe=self._keyframes.before(self._last) if known else None,
            pts=self._last,
            luma=fingerprint(self._newest.luma),
            state={"pictures": self.pictures.state(), "conform": self._conform.state()},
        )

    def find(self, place: Position) -> Iterator[Item] | None:
        """Read up to a place, decoding only from a keyframe before it, and return what follows.

        Returns:
            None if the place is not met where it must be.

        Raises:
            DamageError: see ``items``.
        """
        if place.keyframe is None:
            return None
        self.pictures.start_at_keyframe(place.state["pictures"])
        passing = Conformer(self._plan.info, [])
        between: list[tuple[int, Packet]] = []
        for packet in self._packets:
            if packet is not None and self.packets > place.packets:
                between.append((self.packets, packet))
            if packet is None or (packet.stream.index == self.stream.index and self.packets >= place.keyframe):
                pictures = self.pictures.of(packet)
                if any(p.pts == place.pts and fingerprint(self._luma(p, passing)) == place.luma for p in pictures):
                    return self._go_on(place, between, pictures)
            if self.packets > place.packets + _SEARCHED:
                return None
        return None

    def replay(self, place: Position) -> Iterator[Item]:
        """Read and decode from the start, and yield what follows a place."""
        for item in self.items():
            if self.frames > place.frames if isinstance(item, Frame) else self.packets > place.packets:
                yield item

    def _go_on(
        self, place: Position, between: list[tuple[int, Packet]], pictures: Iterator[VideoFrame]
    ) -> Iterator[Item]:
        self.frames, self._last, self._copied = place.frames, place.pts, place.packets
        self.pictures.restore(place.state["pictures"])
        self._conform.restore(place.state["conform"])
        for number, packet in between:
            if packet.stream.index == self.stream.index:
                self.pictures.feed(packet)
            else:
                yield from self._cut(packet, number)
        yield from self._framed(pictures)
        yield from self.items()

    def _demux(self) -> Iterator[Packet]:
        """Demux, up to the end or to where the file breaks off."""
        try:
            packets = demuxed(self.container, [self.stream, *self.copied], self._notes)
            for packet in itertools.islice(packets, self._plan.length):
                if packet.size:  # the empty ones that end each stream are PyAV's own
                    yield packet
        except av.ExitError:
            raise VideoError(f"{self._plan.info.path}: {self._plan.limits.too_slow}") from None
        except av.FFmpegError:
            self._broken += 1

    def _count(self, packets: Iterable[Packet | None]) -> Iterator[Packet | None]:
        for packet in packets:
            self.packets += 1
            if packet is not None and packet.is_keyframe and packet.stream.index == self.stream.index:
                self._keyframes.add(self.packets, packet.pts)
            yield packet

    def _framed(self, pictures: Iterable[VideoFrame]) -> Iterator[Frame]:
        """Make frames of the pictures that are of the part."""
        part, base = self._plan.part, self._plan.info.time_base
        for picture in pictures:
            self._last, origin = picture.pts, self.pictures.origins.take(picture.pts)
            self._has_passed_end |= part.is_over(picture.pts * base)
            if not self._has_passed_end and not part.begins_after(picture.pts * base):
                luma = self._luma(picture, self._conform)
                self.frames += 1
                self._newest = Frame(luma, picture.pts - part.shift(base), base, picture.duration or 0, origin)
                yield self._newest

    def _luma(self, picture: VideoFrame, conform: Conformer) -> np.ndarray:
        info = self._plan.info
        return luma_of(conform(picture, self.frames), matrix=info.matrix, full_range=info.full_range)

    def _cut(self, packet: Packet, number: int) -> Iterator[Packet]:
        """Give a packet the times of the part; nothing if it is not of it, or was yielded before a place."""
        part, time = self._plan.part, _time_of(packet)
        if part.begins_after(time) or part.is_over(time) or number <= self._copied:
            return
        if shift := part.shift(packet.time_base):
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        self.yielded = number
        yield packet


def _time_of(packet: Packet) -> Fraction:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return (stamp or 0) * (packet.time_base or Fraction(0))
