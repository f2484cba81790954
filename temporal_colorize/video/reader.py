"""Reads a video file: the luma of its pictures, and its sound and subtitles as they are."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.options import require_one_of
from temporal_colorize.video.decoder import DECODERS, Decoder, choose_device, first_picture
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo, inspect
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import open_local, oversized, require_size
from temporal_colorize.video.part import Part
from temporal_colorize.video.pixels import luma_of
from temporal_colorize.video.position import Keyframes, Position, fingerprint
from temporal_colorize.video.timing import Clock

_SEARCHED = 200  # packets after a place in which its last picture must come out again


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
    are left out and counted. Only the file's main video stream is read.

    Attributes:
        info: what the file says about itself.
        damaged: how many times decoding failed or a picture came out marked as corrupt, so far.
        container: the open file, for ``VideoWriter``.
        copied: the sound and subtitle streams whose packets are yielded.
        part: what of the file is read.
        device: what decodes the pictures, such as "cuda"; None for the processor.
        notes: what is done otherwise than asked, in a line each.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        decoder: Decoder = "cpu",
        threads: int = 0,
        limits: Limits | None = None,
        start: float = 0,
        end: float | None = None,
    ) -> None:
        """Open a file and decode its first picture.

        Args:
            path: a video file, or a picture.
            decoder: "auto" for a device that is there and gives this file's luma exactly; where the device that is
                named does not, the processor decodes and ``notes`` says so.
            threads: decoder threads; 0 for one per core. A device takes one.
            limits: what the file is trusted with; None for the usual.
            start: seconds after the first picture from which on it is read; times then begin there.
            end: seconds after the first picture up to which it is read; None for all of it.

        Raises:
            VideoError: if it is missing, empty, not a video, beyond the limits, or no picture in it can be decoded.
            ValueError: if there is no such decoder, or no such part.
        """
        require_one_of("decoder", decoder, DECODERS)
        self.path = Path(path)
        self._limits = limits or Limits()
        self._threads = threads
        self.part = Part(start=start, end=end)  # refused before the file is opened
        trial, stream = self._open_stream()
        with trial:
            refusals: list[str | None] = []
            first = first_picture(
                trial, stream, on_error=lambda error: refusals.append(oversized(stream, error, self._limits))
            )
            if first is None:
                raise self._nothing(next(filter(None, refusals), None))
            self.info = inspect(self.path, trial, stream, first)
        self.part = replace(self.part, origin=(first.pts or 0) * self.info.time_base)
        self.device, note = choose_device(decoder, self.info, first, self._open_stream)
        self.notes = [note] if note else []
        self._begin()

    def _begin(self) -> None:
        """Open the file where the part begins."""
        self.damaged = self._frames = self._read = 0
        self._is_over, self._last_pts, self._oversized = False, None, False
        self._clocks: dict[int, Clock] = {}
        self._keyframes = Keyframes()
        self.container, self._stream = self._open_stream(HWAccel(self.device) if self.device else None)
        self._stream.thread_type = "AUTO"
        self._stream.thread_count = 1 if self.device else self._threads
        self.copied: list[Stream] = [s for s in self.container.streams if s.type in ("audio", "subtitle")]
        if self.part.start:
            with contextlib.suppress(av.FFmpegError):  # then it is read from the beginning
                self.container.seek(self.part.shift(Fraction(1, av.time_base)))
        self._demuxed = self._packets()

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
        return sum(clock.repaired for clock in self._clocks.values())

    def __iter__(self) -> Iterator[Frame | Packet]:
        """Read all of it, see `read`."""
        return self.read()

    def read(
        self, *, mark_every: int | None = None, after: Position | None = None
    ) -> Iterator[Frame | Packet | Position]:
        """Read on.

        Args:
            mark_every: also yield, after so many pictures each, the place that has been reached.
            after: a place that another reader of the same file, opened alike, has yielded, to go on from.

        Raises:
            VideoError: if the picture changes its size or depth, or at the end if nothing could be decoded.
        """
        for item in self._items() if after is None else self._items_after(after):
            yield item
            if mark_every and isinstance(item, Frame) and self._frames % mark_every == 0:
                yield self._position(item)
        if not self._frames:
            raise self._nothing()

    def _items(self) -> Iterator[Frame | Packet]:
        for packet in self._demuxed:
            if packet is not None and packet.stream.index != self._stream.index:
                if (moved := self._retime(packet)) is not None:
                    yield moved
            elif not self._is_over:
                yield from self._frames_of(self._decode(packet))
            if packet is not None and self._is_over and self.part.is_long_over(_time_of(packet)):
                return

    def _items_after(self, after: Position) -> Iterator[Frame | Packet]:
        """Go on from a place, which is decoded again from a keyframe before it, or else from the start."""
        found = None if after.keyframe is None else self._find(after)
        if found is not None:
            yield from found
            return
        self.close()
        self._begin()
        for item in self._items():
            if self._frames > after.frames if isinstance(item, Frame) else self._read > after.packets:
                yield item

    def _find(self, after: Position) -> Iterator[Frame | Packet] | None:
        """Read up to a place, and return what follows; None if it is not met where it must be."""
        copied = []
        for packet in self._demuxed:
            if packet is not None and packet.stream.index != self._stream.index:
                copied += [packet] if self._read > after.packets else []
            elif packet is None or self._read >= after.keyframe:
                pictures = iter(list(self._decode(packet)))
                if any(after.follows(picture.pts, self._luma(picture)) for picture in pictures):
                    self._restore(after)
                    moved = filter(None, map(self._retime, copied))
                    return itertools.chain(moved, self._frames_of(pictures), self._items())
            if self._read > after.packets + _SEARCHED:
                return None
        return None

    def _position(self, frame: Frame) -> Position:
        clocks = {index: dict(vars(clock)) for index, clock in self._clocks.items()}
        return Position(
            frames=self._frames,
            packets=self._read,
            keyframe=self._keyframes.before(self._last_pts),
            pts=self._last_pts,
            luma=fingerprint(frame.luma),
            damaged=self.damaged,
            clocks=clocks,
        )

    def _restore(self, after: Position) -> None:
        self._frames, self.damaged, self._last_pts = after.frames, after.damaged, after.pts
        for index, state in after.clocks.items():
            stream = self.container.streams[index]
            vars(self._clock(stream, step=Fraction(0))).update(state)

    def _packets(self) -> Iterator[Packet | None]:
        """Demux, up to the end or to where the file breaks off; a last None flushes the decoder."""
        try:
            for packet in self.container.demux([self._stream, *self.copied]):
                if packet.size:  # the empty ones that end each stream are PyAV's own
                    self._read += 1
                    if packet.is_keyframe and packet.stream.index == self._stream.index:
                        self._keyframes.add(self._read, packet.pts)
                    yield packet
        except av.ExitError:
            raise VideoError(f"{self.path}: {self._limits.too_slow}") from None
        except (av.FFmpegError, IndexError):  # PyAV's, at the end of a file in which streams have come up
            self.damaged += 1
        yield None

    def _decode(self, packet: Packet | None) -> Iterator[VideoFrame]:
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError as error:
            self.damaged += 1
            self._note_oversized(error)
            return
        for picture in pictures:
            self.damaged += picture.is_corrupt
            yield picture

    def _note_oversized(self, error: av.FFmpegError) -> None:
        refusal = oversized(self._stream, error, self._limits)
        if refusal is not None and not self._oversized:
            self.notes.append(f"pictures left out from frame {self._frames} on: {refusal}")
        self._oversized |= refusal is not None

    def _frames_of(self, pictures: Iterable[VideoFrame]) -> Iterator[Frame]:
        """Give pictures their times, and leave out those that are not of the part."""
        for picture in pictures:
            luma, base = self._luma(picture), self.info.time_base
            pts = self._clock(self._stream, step=1 / self.info.nominal_rate).next(picture.pts)
            self._last_pts = picture.pts
            self._is_over |= self.part.is_over(pts * base)
            if not self._is_over and not self.part.begins_after(pts * base):
                self._frames += 1
                yield Frame(luma, pts - self.part.shift(base), base, picture.duration or 0)

    def _luma(self, picture: VideoFrame) -> np.ndarray:
        info = self.info
        luma = luma_of(picture, matrix=info.matrix, full_range=info.full_range)
        if luma.shape != (info.height, info.width) or luma.dtype != info.layout.dtype:
            raise VideoError(
                f"{self.path}: the picture changes from {info.width}x{info.height} {info.pix_fmt} to {picture.width}x"
                f"{picture.height} {picture.format.name} after {self._frames} frames; split the file there"
            )
        return luma

    def _retime(self, packet: Packet) -> Packet | None:
        """Give a packet its times; None if it is not of the part."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        base = packet.time_base or Fraction(1, 1000)
        fixed = self._clock(packet.stream, step=(packet.duration or 0) * base).next(stamp)
        moved = fixed - self.part.shift(base)
        if stamp is None:
            packet.pts = packet.dts = moved
        elif moved != stamp:
            packet.pts = None if packet.pts is None else packet.pts + moved - stamp
            packet.dts = None if packet.dts is None else packet.dts + moved - stamp
        time = fixed * base
        return None if self.part.begins_after(time) or self.part.is_over(time) else packet

    def _clock(self, stream: Stream, *, step: Fraction) -> Clock:
        """Return a stream's clock; its first item's ``step``, in seconds, sets it up."""
        if stream.index not in self._clocks:
            base = self.info.time_base if stream is self._stream else stream.time_base or Fraction(1, 1000)
            ticks = round(step / base)
            # Sound is counted in samples in MP4: a 256th of a packet is still some. Subtitles may start together.
            least = {"video": 1, "audio": max(1, ticks // 256)}.get(stream.type, 0)
            self._clocks[stream.index] = Clock(step=ticks, second=round(1 / base), least=least)
        return self._clocks[stream.index]

    def _open_stream(self, hwaccel: HWAccel | None = None) -> tuple[InputContainer, VideoStream]:
        container = open_local(self.path, limits=self._limits, hwaccel=hwaccel)
        stream = _main_stream(container, self.path)
        require_size(container, stream, self.path, self._limits)
        return container, stream

    def _nothing(self, refusal: str | None = None) -> VideoError:
        why = refusal or "no picture in it can be decoded; copy or export it again from its source"
        return VideoError(f"{self.path}: {why}")


def _time_of(packet: Packet) -> Fraction:
    return (packet.pts or packet.dts or 0) * (packet.time_base or Fraction(0))


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
