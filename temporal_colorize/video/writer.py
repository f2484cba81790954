"""Writes a coloured video: the source's luma, new chroma, and everything else as it was."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from temporal_colorize.video.adopting import adopt
from temporal_colorize.video.encoder import add_video, choose_encoder, open_twin
from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.labels import Label, label_video
from temporal_colorize.video.muxer import open_output
from temporal_colorize.video.packets import PICTURES, Kept
from temporal_colorize.video.paths import format_of
from temporal_colorize.video.picture_encoder import PictureEncoder
from temporal_colorize.video.reader import VideoReader

_DISK = "is the disk full?"


class VideoWriter:
    """Encodes coloured frames and copies sound and subtitle packets beside them.

    A context manager. Works under a hidden name in the output's folder and takes the output's name when it ends without
    an exception; otherwise whatever stood there before is untouched.

    Timestamps are the source's own, exactly in .mp4 and .mov, to the millisecond (all it has) in .mkv and .webm.

    Attributes:
        info: the source's.
        chroma_shape: (height, width) of the Cb and Cr planes that ``write`` takes.
        left_out: streams of the source that are not in the output, such as "subtitle stream 2 (subrip)".
        notes: what was done otherwise than asked, in a line each.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        source: VideoReader | VideoInfo,
        *,
        codec: str = "libx264",
        options: Mapping[str, object] | None = None,
        metadata: Mapping[str, str] | None = None,
        audio: Literal["copy", "drop"] = "copy",
        part: Path | None = None,
        label: Label | None = None,
        seal: Callable[[Path], None] | None = None,
    ) -> None:
        """Open an output and its encoder.

        Args:
            path: the output; its suffix chooses the container (.mp4, .m4v, .mov, .mkv, .webm).
            source: the open source, whose sound, subtitles, chapters and metadata are kept; or only its ``VideoInfo``.
            codec: FFmpeg's name of a video encoder. A hardware encoder that does not work here is replaced by the
                software encoder of its format, and ``notes`` says so.
            options: the encoder's options, such as preset, crf and threads; None values are left out. Hardware encoders
                take ``preset`` and ``crf`` by x264's names and scale, too.
            metadata: added to the source's, replacing equal keys. MP4 keeps standard keys only ("comment", "title").
            audio: "drop" leaves the sound out.
            part: where to write until the end, on the same disk; a hidden name beside the output if None.
            label: what the file is to say of its colours, added to the metadata.
            seal: changes the file when it is complete, before it takes its name; its errors are passed on.

        Raises:
            VideoError: if the output cannot be written there, or cannot hold this picture or this sound.
        """
        self.path = Path(path)
        reader = source if isinstance(source, VideoReader) else None
        self.info = source.info if isinstance(source, VideoReader) else source
        self.chroma_shape = self.info.chroma_shape
        self.left_out = [f"transparency ({self.info.pix_fmt})"] if self.info.has_alpha else []
        self._copies: dict[int, Stream] = {}
        self._encodes = self._written = False
        self._last_dts: int | None = None  # of the pictures, in units of the source's time base
        format_of(self.path)  # names the suffix we cannot write, before anything else
        chosen = {key: str(value) for key, value in (options or {}).items() if value is not None}
        self._encoder = choose_encoder(codec, self.info, chosen, str(self.path))
        self.notes = [self._encoder.note] if self._encoder.note else []
        self._label, self._seal = label, seal
        self._part = part or self.path.with_name(f".{self.path.name}.part")
        added = {**(metadata or {}), **(label.metadata() if label else {})}
        self._claim()
        try:
            with self._clearly("choose another output name"):
                copied = [s for s in reader.copied if s.type != "audio" or audio == "copy"] if reader else []
                self._container = open_output(self._part, self.path, self.info.time_base, copied)
            self._stream = add_video(self._container, self._encoder, self.info, target=str(self.path))
            self._pictures = self._encoder_on(self._stream.codec_context)
            with self._clearly("end the output name in .mkv, or leave the sound out (audio=drop)"):
                if reader is not None:
                    adopted = adopt(reader, self._container, self._stream, path=self.path, keep_audio=audio == "copy")
                    self._copies, self.left_out = adopted.copies, self.left_out + adopted.left_out
                self._container.metadata.update(added)
                self._container.start_encoding()  # writes the header: what the container refuses, it refuses now
        except BaseException:
            self.discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, frame: Frame, cb: np.ndarray, cr: np.ndarray) -> None:
        """Encode one coloured picture, see `PictureEncoder.encode`.

        Raises:
            ValueError: if a plane's shape or type does not fit.
            VideoError: if the output cannot be written any more (a full disk).
        """
        self._encodes = True
        self._put(self._pictures.encode(frame, cb, cr))

    def encoder(self) -> PictureEncoder:
        """Open another encoder like the output's own; what it makes goes into `put`.

        Raises:
            VideoError: if the encoder does not start once more.
        """
        return self._encoder_on(open_twin(self._stream, self._encoder, self.info, target=str(self.path)))

    def put(self, kept: Kept) -> None:
        """Write a coloured picture's packet, or one of sound or subtitles; one of a stream left out is ignored.

        Raises:
            VideoError: if the output cannot be written any more.
        """
        if kept.stream == PICTURES:
            self._put([kept.packet])
        elif kept.stream in self._copies and kept.packet.size:
            kept.packet.stream = self._copies[kept.stream]
            with self._clearly():
                self._mux_copy(kept.packet)

    def _mux_copy(self, packet: Packet) -> None:
        try:
            self._container.mux(packet)
        except (av.ArgumentError, av.InvalidDataError):  # a damaged packet, not a full disk
            note = f"damaged packets of {packet.stream.type} are left out"
            self.notes += [note] if note not in self.notes else []

    def copy(self, packet: Packet) -> None:
        """Write a packet of the source's sound or subtitles as it is, see `put`."""
        self.put(Kept(packet.stream.index, packet))

    def _encoder_on(self, context: VideoCodecContext) -> PictureEncoder:
        return PictureEncoder(context, self._encoder.pix_fmt, self.info, target=str(self.path))

    def _put(self, packets: list[Packet]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._order(packet)
            with self._clearly():
                self._container.mux(packet)
            self._written = True

    def _order(self, packet: Packet) -> None:
        """Have decoding times go on over the seams of segments; each encoder's begin before its first picture."""
        if packet.dts is not None:
            if self._last_dts is not None and packet.dts <= self._last_dts:
                packet.dts = self._last_dts + 1
            self._last_dts = packet.dts

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            VideoError: if nothing was written, or the file cannot be finished.
        """
        try:
            with self._clearly():
                if self._encodes:
                    self._put(self._pictures.flush())
                if not self._written:
                    raise VideoError(f"{self.path}: no picture was written to it, so there is no output")
                self._container.close()
                if self._label is not None:
                    label_video(self._part, format_of(self.path), self._label)
            if self._seal is not None:
                self._seal(self._part)
            with self._clearly():
                os.replace(self._part, self.path)
        except BaseException:
            self.discard()
            raise

    def _claim(self) -> None:
        """Create the hidden file, so that a folder that cannot be written to is known before any work."""
        source = self.info.path
        if self.path.is_dir():
            raise VideoError(f"{self.path}: this is a folder; name a file in it for the output")
        if self.path.exists() and source.exists() and os.path.samefile(self.path, source):
            raise VideoError(f"{self.path}: the output is the source itself; give the output another name")
        try:
            self._part.open("wb").close()
        except (OSError, ValueError) as error:
            raise VideoError(f"{self.path}: cannot be written there ({reason(error)}); choose another folder") from None

    def discard(self) -> None:
        """End without an output."""
        container = getattr(self, "_container", None)
        if container is not None:
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                container.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _clearly(self, advice: str = _DISK) -> Iterator[None]:
        try:
            yield
        except VideoError:
            raise
        except (av.ArgumentError, av.InvalidDataError) as error:
            hint = advice if advice != _DISK else "the sound or the subtitles may be damaged: try audio=drop"
            raise VideoError(f"{self.path}: writing failed ({reason(error)}); {hint}") from None
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{self.path}: writing failed ({reason(error)}); {advice}") from None
