"""One pass over an open file: packets in, frames out, and how to go on from where another pass stood."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.conform import Conformer
from temporal_colorize.video.decoder import demuxed
from temporal_colorize.video.deinterlace import Deinterlace, Deinterlacer
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.loss import Loss
from temporal_colorize.video.opening import oversized
from temporal_colorize.video.part import Part
from temporal_colorize.video.pixels import luma_of
from temporal_colorize.video.position import Keyframes, Position, fingerprint
from temporal_colorize.video.timing import Timeline

Item = Frame | Packet
_SEARCHED = 200  # packets after a place in which its last picture must come out again


class DamageError(Exception):
    """Threads of a decoder show what they make up for damage before it is finished: one must decode from here on."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is known of a file before it is read.

    Attributes:
        info: of its pictures.
        part: what of it is wanted.
        first: when its first whole picture is shown, in units of the stream's time base.
        skipped: pictures that the decoder gives before that one.
        untimed: whether it has no timestamps.
        length: packets to read of it; None for all.
        deinterlace: which pictures are.
        limits: what it is trusted with.
    """

    info: VideoInfo
    part: Part
    first: int
    skipped: int
    untimed: bool
    length: int | None
    deinterlace: Deinterlace
    limits: Limits


class Reading:
    """Yields, in the file's own order, a ``Frame`` per picture and a packet per piece of sound or subtitle.

    Args:
        container: the open file, at the beginning of the part.
        stream: that of the pictures.
        plan: see ``Plan``.
        notes: gets what is done otherwise than asked, in a line each.
        careful: whether one thread decodes.

    Attributes:
        container: as given, and
        stream: this.
        copied: the streams whose packets are yielded.
        frames: pictures yielded so far, or before the place it went on from.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, plan: Plan, notes: list[str], *, careful: bool
    ) -> None:
        self._careful, self._newest = careful, None
        self.container, self.stream, self._plan, self._notes = container, stream, plan, notes
        self.copied: list[Stream] = [s for s in container.streams if s.type in ("audio", "subtitle")]
        self.frames = self._read = self._decoded = self._before_keyframe = self._failed = 0
        self._is_over = self._oversized = False
        self._last: int | None = None  # time of the last picture
        info, base = plan.info, plan.info.time_base
        self._timeline = Timeline(stream, base, 1 / info.nominal_rate, notes, start=plan.first * base)
        self._deinterlacer = Deinterlacer(plan.deinterlace, base, notes)
        self._conform = Conformer(info, notes)
        self._loss = Loss(info.codec, interlaced=info.interlaced)
        self._keyframes = Keyframes()
        self._packets = self._count(itertools.chain(self._timeline.straighten(self._demux()), [None]))

    @property
    def damaged(self) -> int:
        """How many times decoding failed, a picture was corrupt or did not come at all, so far."""
        return self._failed + self._loss.count

    @property
    def retimed(self) -> int:
        """How many timestamps were made up, so far."""
        return self._timeline.repaired

    @property
    def luma_changed(self) -> bool:
        """Whether pictures were deinterlaced, scaled or converted, so far."""
        return self._deinterlacer.used or self._conform.changed

    @property
    def lost(self) -> int:
        """How many pictures before the first keyframe were left out, so far."""
        return max(self._plan.skipped, self._before_keyframe)

    def items(self) -> Iterator[Item]:
        """Read on, up to the end of the part.

        Raises:
            DamageError: at the first damage, where several threads decode.
            VideoError: where the source takes too long.
        """
        for packet in self._packets:
            if packet is not None and packet.stream.index != self.stream.index:
                yield from self._cut(packet)
            elif not self._is_over:
                yield from self._framed(self._whole(packet))
            if packet is not None and self._is_over and self._plan.part.is_long_over(_time_of(packet)):
                break
        self._loss.end()

    def position(self) -> Position | None:
        """Return the place after the last frame that was yielded; None before any."""
        frame = self._newest
        return frame and Position(
            frames=self.frames,
            packets=self._read,
            # What a decoder makes up for what it lacks may come of pictures from before any keyframe.
            keyframe=None if self._plan.untimed or self.damaged else self._keyframes.before(self._last),
            pts=self._last,
            luma=fingerprint(frame.luma),
            state=self._carried(),
        )

    def find(self, place: Position) -> Iterator[Item] | None:
        """Read up to a place, decoding only from a keyframe before it, and return what follows; None if it is not met
        where it must be."""
        between: list[Packet] = []
        if place.keyframe is None:
            return None
        self._decoded = self._plan.skipped  # none of those comes after a later keyframe
        for packet in self._packets:
            is_picture = packet is None or packet.stream.index == self.stream.index
            if packet is not None and self._read > place.packets:
                between.append(packet)
            if is_picture and (packet is None or self._read >= place.keyframe):
                pictures = iter(list(self._whole(packet)))
                if any(p.pts == place.pts and fingerprint(self._luma(p)) == place.luma for p in pictures):
                    return self._go_on(place, between, pictures)
            if self._read > place.packets + _SEARCHED:
                return None
        return None

    def replay(self, place: Position) -> Iterator[Item]:
        """Read and decode from the start, and yield what follows a place."""
        for item in self.items():
            if self.frames > place.frames if isinstance(item, Frame) else self._read > place.packets:
                yield item

    def _go_on(self, place: Position, between: list[Packet], pictures: Iterator[VideoFrame]) -> Iterator[Item]:
        self.frames, self._last = place.frames, place.pts
        self._restore(place.state)
        for packet in between:
            if packet.stream.index == self.stream.index:
                self._feed(packet)
            else:
                yield from self._cut(packet)
        yield from self._framed(pictures)
        yield from self.items()

    def _carried(self) -> dict[str, Any]:
        """Copy what reading from a keyframe on would not find out by itself."""
        counts = {name: getattr(self, name) for name in ("_decoded", "_before_keyframe", "_failed")}
        return {**counts, "loss": self._loss.state(), "clock": self._timeline.picture_state()}

    def _restore(self, state: dict[str, Any]) -> None:
        for name in ("_decoded", "_before_keyframe", "_failed"):
            setattr(self, name, state[name])
        self._loss.restore(state["loss"])
        self._timeline.restore_picture(state["clock"])

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
            self._failed += 1

    def _count(self, packets: Iterable[Packet | None]) -> Iterator[Packet | None]:
        for packet in packets:
            self._read += 1
            if packet is not None and packet.is_keyframe and packet.stream.index == self.stream.index:
                self._keyframes.add(self._read, packet.pts)
            yield packet

    def _whole(self, packet: Packet | None) -> Iterator[VideoFrame]:
        """Decode a packet, or what is left at None, to pictures that are not interlaced."""
        if packet is not None:
            self._feed(packet)
        for picture in self._decode(packet):
            yield from self._deinterlacer.feed(picture)
        if packet is None:
            yield from self._deinterlacer.feed(None)

    def _feed(self, packet: Packet) -> None:
        """Count a packet among those before the first keyframe, or those of which a picture must come."""
        if packet.pts is None or packet.is_discard:
            return
        if packet.pts < max(0, self._plan.first):
            self._before_keyframe += 1
        else:
            self._loss.fed(packet)

    def _decode(self, packet: Packet | None) -> Iterator[VideoFrame]:
        try:
            pictures = self.stream.decode(packet)
        except av.FFmpegError as error:
            self._note_damage()
            self._note_oversized(error)
            return
        for picture in pictures:
            self._decoded += 1
            if self._decoded > self._plan.skipped:
                if picture.is_corrupt:
                    self._note_damage()
                self._loss.shown(picture.pts, interlaced=picture.interlaced_frame)
                self._time(picture)
                yield picture

    def _note_damage(self) -> None:
        if not self._careful:
            raise DamageError
        self._failed += 1

    def _note_oversized(self, error: av.FFmpegError) -> None:
        refusal = oversized(self.stream, error, self._plan.limits)
        if refusal is not None and not self._oversized:
            self._notes.append(f"pictures left out from frame {self.frames} on: {refusal}")
        self._oversized |= refusal is not None

    def _time(self, picture: VideoFrame) -> None:
        if self._plan.untimed:
            picture.pts, picture.time_base, picture.duration = self._decoded - 1, self._plan.info.time_base, 1
        else:
            picture.pts = self._timeline.next_picture(picture.pts)

    def _framed(self, pictures: Iterable[VideoFrame]) -> Iterator[Frame]:
        """Make frames of the pictures that are of the part."""
        part, base = self._plan.part, self._plan.info.time_base
        for picture in pictures:
            self._last = picture.pts
            self._is_over |= part.is_over(picture.pts * base)
            if not self._is_over and not part.begins_after(picture.pts * base):
                luma = self._luma(picture)
                self.frames += 1
                self._newest = Frame(luma, picture.pts - part.shift(base), base, picture.duration or 0)
                yield self._newest

    def _luma(self, picture: VideoFrame) -> Any:
        info = self._plan.info
        return luma_of(self._conform(picture, self.frames), matrix=info.matrix, full_range=info.full_range)

    def _cut(self, packet: Packet) -> Iterator[Packet]:
        """Give a packet the times of the part; nothing if it is not of it."""
        part, time = self._plan.part, _time_of(packet)
        if part.begins_after(time) or part.is_over(time):
            return
        if shift := part.shift(packet.time_base):
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        yield packet


def _time_of(packet: Packet) -> Fraction:
    return (packet.pts or packet.dts or 0) * (packet.time_base or Fraction(0))
