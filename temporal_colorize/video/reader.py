"""Reads a video file: the luma of its pictures, and its sound and subtitles as they are."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.options import require_one_of
from temporal_colorize.video.conform import Conformer
from temporal_colorize.video.decoder import DECODERS, Decoder, choose_device, demuxed, first_picture
from temporal_colorize.video.deinterlace import DEINTERLACE, Deinterlace, Deinterlacer
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo, inspect, own_rate
from temporal_colorize.video.loss import Loss
from temporal_colorize.video.pixels import luma_of
from temporal_colorize.video.source import exact_rate, locate, open_source
from temporal_colorize.video.timing import Timeline
from temporal_colorize.video.unfinished import GROWN, Watch

_NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Describe a video file; decodes one picture.

    Raises:
        VideoError: if the file has no picture that can be decoded.
    """
    with VideoReader(path) as reader:
        return reader.info


class VideoReader:
    """Yields, in the file's own order, a ``Frame`` per picture and a packet per piece of sound or subtitle.

    A context manager, to be iterated once; memory does not grow with the file's length. Pictures that cannot be decoded
    are left out and counted, and so is what comes before the first keyframe. Only the file's main video stream is read.

    Attributes:
        info: what the file says about itself.
        damaged: how many times decoding failed or a picture came out marked as corrupt, so far.
        container: the open file, for ``VideoWriter``.
        copied: the sound and subtitle streams whose packets are yielded.
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

        Raises:
            VideoError: if it is missing, empty, not a video, or no picture in it can be decoded.
            ValueError: if there is no such decoder or deinterlacing, or the rate is none.
        """
        require_one_of("decoder", decoder, DECODERS)
        require_one_of("deinterlace", deinterlace, DEINTERLACE)
        self.path = Path(path)
        self._source = locate(path, rate=rate)
        self._watch = Watch(self.path)
        self.notes = list(self._source.notes)
        self._threads = threads
        self.damaged = 0
        self._decoded = self._frames = self._before_keyframe = 0
        trial, stream = self._open_stream()
        with trial:
            first, self._skipped = first_picture(trial, stream)
            if first is None:
                raise self._nothing()
            self.info = inspect(self.path, trial, stream, first)
            start = first.pts or 0
            self._untimed = bool(trial.format.flags & _NO_TIMESTAMPS) or self._source.format is not None
            self._assume(rate, own_rate(stream))
        self.device, note = choose_device(decoder, self.info, first, self._open_stream)
        self.notes += [note] if note else []
        self._deinterlacer = Deinterlacer(deinterlace, self.info.time_base, self.notes)
        self._conform = Conformer(self.info, self.notes)
        self.container, self._stream = self._open_stream(HWAccel(self.device) if self.device else None)
        self._loss = Loss(self.info.codec, interlaced=self.info.interlaced)
        self._start, base = max(0, start), self.info.time_base
        self._timeline = Timeline(self._stream, base, 1 / self.info.nominal_rate, self.notes, start=start * base)
        self._stream.thread_type = "AUTO"
        self._stream.thread_count = 1 if self.device else threads
        self.copied: list[Stream] = [s for s in self.container.streams if s.type in ("audio", "subtitle")]

    def _assume(self, rate: float | None, own: Fraction | None) -> None:
        """Choose the rate of a file without timestamps, and say so."""
        if not self._untimed:
            self.notes += [f"rate={rate} is not used: the file has timestamps of its own"] if rate is not None else []
            return
        chosen = exact_rate(rate) if rate is not None or own is None or self._source.format else own
        if rate is None:
            why = "assumed" if chosen != own or self._source.format else "as the stream says"
            self.notes.append(f"no timestamps in it: {float(chosen):g} pictures a second {why}")
        self.info = replace(self.info, time_base=1 / chosen, average_rate=chosen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; packets already yielded stay valid."""
        self.container.close()

    @property
    def stream_index(self) -> int:
        """The index of the video stream that is read."""
        return self._stream.index

    @property
    def retimed(self) -> int:
        """How many timestamps were made up, so far."""
        return self._timeline.repaired

    @property
    def luma_changed(self) -> bool:
        """Whether luma is not the source's own: pictures were deinterlaced, scaled or converted, so far."""
        return self._deinterlacer.used or self._conform.changed

    def __iter__(self) -> Iterator[Frame | Packet]:
        """Read on.

        Raises:
            VideoError: at the end, if nothing could be decoded.
        """
        for packet in itertools.chain(self._timeline.straighten(self._packets()), [None]):
            if packet is not None and packet.stream.index != self._stream.index:
                yield packet
            else:
                yield from map(self._frame, self._whole(packet))
        if not self._frames:
            raise self._nothing()
        self._conclude()

    def _packets(self) -> Iterator[Packet]:
        """Demux, up to the end or to where the file breaks off."""
        try:
            packets = demuxed(self.container, [self._stream, *self.copied], self.notes)
            for packet in itertools.islice(packets, self._source.length):
                if packet.size:  # the empty ones that end each stream are PyAV's own
                    yield packet
        except av.FFmpegError:
            self.damaged += 1

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
        if packet.pts < self._start:
            self._before_keyframe += 1
        else:
            self._loss.fed(packet)

    def _decode(self, packet: Packet | None) -> Iterator[VideoFrame]:
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError:
            self.damaged += 1
            return
        for picture in pictures:
            self._decoded += 1
            if self._decoded > self._skipped:
                self.damaged += picture.is_corrupt
                self._loss.shown(picture.pts, interlaced=picture.interlaced_frame)
                self._time(picture)
                yield picture

    def _time(self, picture: VideoFrame) -> None:
        if self._untimed:
            picture.pts, picture.time_base, picture.duration = self._decoded - 1, self.info.time_base, 1
        else:
            picture.pts = self._timeline.next_picture(picture.pts)

    def _frame(self, picture: VideoFrame) -> Frame:
        info = self.info
        picture = self._conform(picture, self._frames)
        luma = luma_of(picture, matrix=info.matrix, full_range=info.full_range)
        self._frames += 1
        return Frame(luma, picture.pts, info.time_base, picture.duration or 0)

    def _conclude(self) -> None:
        self.damaged += self._loss.end()
        lost = max(self._skipped, self._before_keyframe)
        if lost:
            self.notes.append(f"{lost} picture{'s' * (lost > 1)} before the first keyframe left out")
        if self._watch.changed:
            self.notes.append(GROWN)

    def _open_stream(self, hwaccel: HWAccel | None = None) -> tuple[InputContainer, VideoStream]:
        container = open_source(self._source, self.path, hwaccel)
        return container, _main_stream(container, self.path)

    def _nothing(self) -> VideoError:
        return VideoError(f"{self.path}: no picture in it can be decoded; copy or export it again from its source")


def _main_stream(container: InputContainer, path: Path) -> VideoStream:
    """Choose the stream FFmpeg thinks best, cover pictures of music files aside."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    stream = best if best in streams else next(iter(streams), None)
    if stream is None:
        raise VideoError(f"{path}: there is no video in it; name a file that has pictures")
    if stream.codec_context is None:
        raise VideoError(f"{path}: its video codec is not known to FFmpeg; convert it to H.264 first")
    return stream
