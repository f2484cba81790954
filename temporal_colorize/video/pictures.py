"""From a stream's packets to pictures: decoded, timed, whole, with what is lost on the way counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.deinterlace import Deinterlace, Deinterlacer
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.loss import Loss
from temporal_colorize.video.opening import oversized
from temporal_colorize.video.origins import Origin, Origins
from temporal_colorize.video.part import Part
from temporal_colorize.video.timing import Timeline

_COUNTS = ("decoded", "before_keyframe", "failed")


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


class Pictures:
    """Decodes the packets of one stream.

    Args:
        stream: the stream.
        timeline: gives pictures their times.
        plan: see ``Plan``.
        notes: gets what is done otherwise than asked, in a line each.
        careful: whether one thread decodes.

    Attributes:
        decoded: pictures that came out of the decoder.
        before_keyframe: packets before the first picture that is shown.
        failed: how often decoding failed, or a picture came out marked as corrupt.
        deinterlaced: whether pictures were.
        origins: where those that come out come from.
    """

    def __init__(self, stream: VideoStream, timeline: Timeline, plan: Plan, notes: list[str], *, careful: bool) -> None:
        self.decoded = self.before_keyframe = self.failed = 0
        self._stream, self._timeline, self._plan, self._notes = stream, timeline, plan, notes
        self._careful, self._oversized = careful, False
        self._deinterlacer = Deinterlacer(plan.deinterlace, plan.info.time_base, notes)
        self.origins = Origins()
        self._loss = Loss(plan.info.codec, interlaced=plan.info.interlaced)

    @property
    def damaged(self) -> int:
        """Failures, and pictures that did not come at all, so far."""
        return self.failed + self._loss.count

    @property
    def deinterlaced(self) -> bool:
        """Whether pictures were."""
        return self._deinterlacer.used

    @property
    def lost(self) -> int:
        """How many pictures before the first keyframe were left out, so far."""
        return max(self._plan.skipped, self.before_keyframe)

    def of(self, packet: Packet | None) -> Iterator[VideoFrame]:
        """Decode a packet, or what is left at None, to pictures that are not interlaced.

        Raises:
            DamageError: at the first damage, where several threads decode.
        """
        if packet is not None:
            self.feed(packet)
        for picture in self._decode(packet):
            yield from self._deinterlacer.feed(picture)
        if packet is None:
            yield from self._deinterlacer.feed(None)

    def feed(self, packet: Packet) -> None:
        """Count a packet among those before the first keyframe, or those of which a picture must come."""
        if packet.pts is None or packet.is_discard:
            return
        if packet.pts < max(0, self._plan.first):
            self.before_keyframe += 1
        else:
            self._loss.fed(packet)

    def end(self) -> None:
        """Count what has not come as lost."""
        self._loss.end()

    def state(self) -> dict[str, Any]:
        """Copy what decoding from a keyframe on would not find out by itself; JSON can hold it."""
        carried = {"loss": self._loss.state(), "clock": self._timeline.picture_state()}
        carried["origins"] = self.origins.state()
        return {**{name: getattr(self, name) for name in _COUNTS}, **carried, "deinterlaced": self.deinterlaced}

    def start_at_keyframe(self, state: dict[str, Any]) -> None:
        """Get ready to decode from a keyframe before a place whose state this is."""
        self.decoded = self._plan.skipped  # none of those comes after a later keyframe
        self._deinterlacer.begin(at_once=state["deinterlaced"])

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a place whose last picture has just come out of the decoder once more."""
        for name in _COUNTS:
            setattr(self, name, state[name])
        self._loss.restore(state["loss"])
        self._timeline.restore_picture(state["clock"])
        self.origins.restore(state["origins"])

    def _decode(self, packet: Packet | None) -> Iterator[VideoFrame]:
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError as error:
            self._note_damage()
            self._note_oversized(error)
            return
        for picture in pictures:
            self.decoded += 1
            if self.decoded > self._plan.skipped:
                if picture.is_corrupt:
                    self._note_damage()
                self._loss.shown(picture.pts, interlaced=picture.interlaced_frame)
                self._time(picture)
                yield picture

    def _note_damage(self) -> None:
        if not self._careful:
            raise DamageError
        self.failed += 1

    def _note_oversized(self, error: av.FFmpegError) -> None:
        refusal = oversized(self._stream, error, self._plan.limits)
        if refusal is not None and not self._oversized:
            self._notes.append(f"pictures left out after {self.decoded} frames: {refusal}")
        self._oversized |= refusal is not None

    def _time(self, picture: VideoFrame) -> None:
        stamp = None if self._plan.untimed else self._timeline.original(picture.pts)
        if self._plan.untimed:
            picture.pts, picture.time_base, picture.duration = self.decoded - 1, self._plan.info.time_base, 1
        else:
            picture.pts = self._timeline.next_picture(picture.pts)
        self.origins.note(picture.pts, Origin(self.decoded - 1, stamp, bool(picture.is_corrupt)))
