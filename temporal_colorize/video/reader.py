"""Reads a video file: the luma of its pictures, and its sound and subtitles as they are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from temporal_colorize.options import require_one_of
from temporal_colorize.video.decoder import DECODERS, Decoder, choose_device
from temporal_colorize.video.deinterlace import DEINTERLACE, Deinterlace
from temporal_colorize.video.first_look import first_look, nothing_in, open_main_stream
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.part import Part
from temporal_colorize.video.pictures import DamageError, Plan
from temporal_colorize.video.position import Position
from temporal_colorize.video.reading import Reading
from temporal_colorize.video.source import locate
from temporal_colorize.video.unfinished import GROWN, Watch

_INDEXED = ("mov", "matroska")  # elsewhere a seek may land behind the keyframe, or on another clock


def probe(path: str | os.PathLike[str], *, limits: Limits | None = None) -> VideoInfo:
    """Describe a video file; decodes one picture.

    Raises:
        VideoError: if the file has no picture that can be decoded.
    """
    with VideoReader(path, limits=limits) as reader:
        return reader.info


class VideoReader:
    """Yields, in the file's own order, a ``Frame`` per picture and a packet per piece of sound or subtitle.

    A context manager, to be iterated once; memory does not grow with the file's length. Pictures that cannot be decoded
    are left out and counted, and so is what comes before the first keyframe. Only the file's main video stream is read.

    Attributes:
        info: what the file says about itself.
        part: what of the file is read.
        device: what decodes the pictures, such as "cuda"; None for the processor.
        notes: what is done otherwise than asked, in a line each; complete at the end.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        decoder: Decoder = "cpu",
        threads: int = 0,
        deinterlace: Deinterlace = "auto",
        rate: float | None = None,
        limits: Limits | None = None,
        start: float = 0,
        end: float | None = None,
    ) -> None:
        """Open a file and decode its first picture.

        Args:
            path: a video file, a picture, or numbered pictures (``frames/%05d.png``), which are one video up to the
                first number that is missing.
            decoder: "auto" for a device that is there and gives this file's luma exactly; where the device that is
                named does not, the processor decodes and ``notes`` says so.
            threads: decoder threads; 0 for one per core. A device takes one.
            deinterlace: "auto" from the first picture on that is marked as interlaced, "on" for all, "off" for none.
            rate: pictures per second of a file without timestamps; None for what the stream says, or else 25.
            limits: what the file is trusted with; None for the usual.
            start: seconds after the first picture from which on it is read; times then begin there.
            end: seconds after the first picture up to which it is read; None for all of it.

        Raises:
            VideoError: if it is missing, empty, not a video, beyond the limits, or no picture in it can be decoded.
            ValueError: if there is no such decoder or deinterlacing, the rate is none, or there is no such part.
        """
        require_one_of("decoder", decoder, DECODERS)
        require_one_of("deinterlace", deinterlace, DEINTERLACE)
        self.path, self.part = Path(path), Part(start=start, end=end)
        self._source, self._threads = locate(path, rate=rate), threads
        self._limits = limits or Limits()
        self._watch = Watch(self.path)
        self._opening = list(self._source.notes)
        look = first_look(self._source, self.path, limits=self._limits, rate=rate)
        self.info, first = look.info, look.picture
        self._opening += look.notes
        self.part = replace(self.part, origin=max(0, first.pts or 0) * self.info.time_base)
        self.device, note = choose_device(decoder, self.info, first, self._open_stream)
        self._opening += [note] if note else []
        self._plan = Plan(
            info=self.info,
            part=self.part,
            first=first.pts or 0,
            skipped=look.skipped,
            untimed=look.untimed,
            length=self._source.length,
            deinterlace=deinterlace,
            limits=self._limits,
        )
        self._reading = self._begin(careful=False)

    def _begin(self, *, careful: bool) -> Reading:
        """Open the file where the part begins."""
        threads = 1 if self.device or careful else self._threads
        container, stream = self._open_stream(HWAccel(self.device) if self.device else None)
        stream.thread_type = "AUTO"
        stream.thread_count = threads
        self.notes = list(self._opening)
        if self.part.start and container.format.name.startswith(_INDEXED) and self._plan.first >= 0:
            with contextlib.suppress(av.FFmpegError):  # then it is read from the beginning
                container.seek(self.part.shift(Fraction(1, av.time_base)))
        return Reading(container, stream, self._plan, self.notes, careful=threads == 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; packets already yielded stay valid."""
        self._reading.container.close()

    @property
    def files(self) -> Sequence[Path]:
        """The file, or those of the sequence, that are read."""
        return self._source.files

    @property
    def container(self) -> InputContainer:
        """The open file."""
        return self._reading.container

    @property
    def stream_index(self) -> int:
        """The index of the video stream that is read."""
        return self._reading.stream.index

    @property
    def copied(self) -> list[Stream]:
        """The sound, subtitle and data streams whose packets are yielded."""
        return self._reading.copied

    @property
    def damaged(self) -> int:
        """How many times decoding failed, a picture was corrupt or did not come at all, so far."""
        return self._reading.damaged

    @property
    def retimed(self) -> int:
        """How many timestamps were made up, so far."""
        return self._reading.retimed

    @property
    def luma_changed(self) -> bool:
        """Whether luma is not the source's own: pictures were deinterlaced, scaled or converted, so far."""
        return self._reading.luma_changed

    def __iter__(self) -> Iterator[Frame | Packet]:
        """Read all of it, see `read`."""
        return self.read()

    def read(
        self, *, mark_every: int | None = None, after: Position | None = None, until: Position | None = None
    ) -> Iterator[Frame | Packet | Position]:
        """Read on.

        Args:
            mark_every: also yield, after so many pictures each, the place that has been reached.
            after: a place that another reader of the same file, opened alike, has yielded, to go on from.
            until: such a place to end at, which is yielded as it is met here; where the threads of decoders differ, so
                does how many packets have been read when a picture comes out.

        Raises:
            VideoError: at the end, if nothing could be decoded.
        """
        end = None
        for item in self._items(after):
            frames, is_frame = self._reading.frames, isinstance(item, Frame)
            if until is None or (frames <= until.frames if is_frame else self._reading.yielded <= until.packets):
                yield item
            if is_frame and until is not None and frames == until.frames:
                end = self._reading.position()
            elif is_frame and mark_every and frames % mark_every == 0 and end is None:
                yield self._reading.position()
            if end is not None and self._reading.packets >= until.packets:
                break
        if end is not None:
            yield end
            return
        if not self._reading.frames:
            raise nothing_in(self.path, self._empty_part())
        self._conclude()

    def _empty_part(self) -> str | None:
        if self.part.is_whole:
            return None
        length = "" if self.info.duration is None else f", {self.info.duration:.2f} s long"
        return f"has no picture from start={self.part.start} on{length}"

    def _items(self, after: Position | None) -> Iterator[Frame | Packet]:
        """Read on; from the first damage on, one thread decodes, so that the pictures are the same every time."""
        try:
            yield from self._reading.items() if after is None else self._after(after)
        except DamageError:
            place = self._reading.position() or after
            self._restart()
            yield from self._reading.items() if place is None else self._after(place)

    def _after(self, place: Position) -> Iterator[Frame | Packet]:
        """Go on from a place: decode from the keyframe before it, or where that does not lead there, from the start."""
        found = None
        with contextlib.suppress(DamageError):
            found = self._reading.find(place)
        if found is None:
            self._restart()
            found = self._reading.replay(place)
        return found

    def _restart(self) -> None:
        """Begin anew, with one thread to decode. The open file goes with the last packet of it that somebody holds."""
        self._reading = self._begin(careful=True)

    def _conclude(self) -> None:
        if lost := self._reading.pictures.lost:
            self.notes.append(f"{lost} picture{'s' * (lost > 1)} before the first keyframe left out")
        if self._watch.changed:
            self.notes.append(GROWN)

    def _open_stream(self, hwaccel: HWAccel | None = None) -> tuple[InputContainer, VideoStream]:
        return open_main_stream(self._source, self.path, limits=self._limits, hwaccel=hwaccel)
