"""What a video file says about itself, and what we assume where it says nothing."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.pixels import Layout, Matrix, has_alpha, layout_of, output_format

UNSPECIFIED = 2  # AVCOL_*_UNSPECIFIED
_BT709, _BT470BG, _SMPTE170M, _BT2020 = 1, 5, 6, 9  # AVColorSpace
_MATRIX_OF_TAG: dict[int, Matrix] = {_BT709: "bt709", _BT470BG: "bt601", _SMPTE170M: "bt601", _BT2020: "bt2020"}
# Near relatives (FCC, SMPTE 240M, constant-luminance BT.2020): read as the closest of the three.
_NEAREST: dict[int, Matrix] = {4: "bt601", 7: "bt709", 10: "bt2020"}
_TAG_OF_MATRIX = {"bt601": _SMPTE170M, "bt709": _BT709, "bt2020": _BT2020}
_LIMITED, _FULL = 1, 2  # AVColorRange
# Their standards say limited where a stream says nothing; a grey picture of any other codec is 0..255.
_BROADCAST_CODECS = {"h264", "hevc", "vvc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4"}
_ONE = 1 << 16  # in a display matrix
_SLOWEST, _FASTEST, _USUAL = Fraction(1, 60), Fraction(480), Fraction(25)


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """A video stream, read from its first picture and its container.

    Attributes:
        path: the file.
        codec: FFmpeg's name of the source's codec.
        pix_fmt: FFmpeg's name of the source's pixel format.
        width: picture width in pixels, before any display rotation.
        height: picture height in pixels.
        bit_depth: bits of a luma sample as ``Frame.luma`` gives it, 8..16.
        matrix: the luma matrix; where the file does not say, bt709 from 720 lines on and bt601 below.
        full_range: whether luma spans 0..2^n-1 and not 16..235 (times 2^(n-8)). Where the file does not say: limited,
            but full for yuvj formats and for grey pictures of codecs that know no limited range.
        color_primaries: the file's own tag as FFmpeg numbers it, 2 if it has none.
        color_trc: likewise, the transfer function.
        colorspace: likewise, the matrix.
        color_range: likewise, 0 if it has none.
        time_base: seconds per unit of ``Frame.pts``.
        average_rate: pictures per second over the file; None if unknown.
        frame_count: an estimate for progress bars; None if unknown.
        duration: seconds; None if unknown.
        sample_aspect_ratio: width to height of a pixel; None if the file does not say.
        display_matrix: the nine integers of FFmpeg's display matrix (rotation, flips); None if there is none.
        interlaced: whether the first picture is made of two fields.
        audio_codecs: FFmpeg's names of the sound streams' codecs.
    """

    path: Path
    codec: str
    pix_fmt: str
    width: int
    height: int
    bit_depth: int
    matrix: Matrix
    full_range: bool
    color_primaries: int = UNSPECIFIED
    color_trc: int = UNSPECIFIED
    colorspace: int = UNSPECIFIED
    color_range: int = 0
    time_base: Fraction
    average_rate: Fraction | None = None
    frame_count: int | None = None
    duration: float | None = None
    sample_aspect_ratio: Fraction | None = None
    display_matrix: tuple[int, ...] | None = None
    interlaced: bool = False
    audio_codecs: tuple[str, ...] = ()

    @property
    def has_audio(self) -> bool:
        """Whether the file has sound."""
        return bool(self.audio_codecs)

    @property
    def has_alpha(self) -> bool:
        """Whether its pictures may be transparent; FFmpeg gives those of every GIF as if they were."""
        return has_alpha(self.pix_fmt) and self.codec != "gif"

    @property
    def layout(self) -> Layout:
        """Where the source's pixel format keeps its luma."""
        return layout_of(self.pix_fmt)

    @property
    def output_pix_fmt(self) -> str:
        """The pixel format that the coloured video is written in."""
        return output_format(self.layout, width=self.width, height=self.height)[0]

    @property
    def chroma_shape(self) -> tuple[int, int]:
        """(height, width) of the coloured video's Cb and Cr planes."""
        return output_format(self.layout, width=self.width, height=self.height)[1]

    @property
    def nominal_rate(self) -> Fraction:
        """A frame rate that an encoder can be told: the average, or 25 where that is unknown or absurd."""
        rate = self.average_rate
        return rate if rate is not None and _SLOWEST <= rate <= _FASTEST else _USUAL

    @property
    def output_tags(self) -> dict[str, int]:
        """The four colour tags to write: the file's own, and where it has none, the matrix and range we assumed."""
        known = _MATRIX_OF_TAG.get(self.colorspace) == self.matrix
        return {
            "color_primaries": self.color_primaries,
            "color_trc": self.color_trc,
            "colorspace": self.colorspace if known else _TAG_OF_MATRIX[self.matrix],
            "color_range": _FULL if self.full_range else _LIMITED,
        }


def inspect(path: Path, container: InputContainer, stream: VideoStream, first: VideoFrame) -> VideoInfo:
    """Put together what the container, the stream and its first decoded picture say."""
    layout = layout_of(first.format.name)
    rate = stream.average_rate or stream.guessed_rate or None
    duration = _duration(container, stream)
    return VideoInfo(
        path=path,
        codec=codec_of(stream),
        pix_fmt=first.format.name,
        width=first.width,
        height=first.height,
        bit_depth=layout.depth,
        matrix=_matrix(int(first.colorspace), first.height),
        full_range=is_full_range(first, codec_of(stream)),
        color_primaries=int(first.color_primaries),
        color_trc=int(first.color_trc),
        colorspace=int(first.colorspace),
        color_range=int(first.color_range),
        time_base=stream.time_base or 1 / (rate or _USUAL),
        average_rate=rate,
        frame_count=stream.frames or (round(duration * rate) if duration and rate else None),
        duration=duration,
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        display_matrix=_display_matrix(first),
        interlaced=first.interlaced_frame,
        audio_codecs=tuple(codec_of(audio) for audio in container.streams.audio),
    )


def own_rate(stream: VideoStream) -> Fraction | None:
    """Return the pictures per second that the coded stream itself names; None if it names none, or an absurd one."""
    rate = stream.codec_context.framerate
    return rate if rate and _SLOWEST <= rate <= _FASTEST else None


def codec_of(stream: Stream) -> str:
    """Return FFmpeg's name of a stream's codec ("mp3", whichever decoder reads it); "unknown" if it knows none."""
    if stream.codec_context:
        return stream.codec_context.codec.canonical_name
    return (stream.name if stream.type == "data" else None) or "unknown"


def describe(stream: Stream) -> str:
    """Name a stream for people: "subtitle stream 2 (subrip)"."""
    if stream.type == "attachment":
        return f"attachment {stream.index} ({stream.name or 'without name'})"
    if stream.disposition & Disposition.attached_pic:
        return f"cover picture {stream.index} ({codec_of(stream)})"
    return f"{stream.type} stream {stream.index} ({codec_of(stream)})"


def _matrix(tag: int, height: int) -> Matrix:
    return _MATRIX_OF_TAG.get(tag) or _NEAREST.get(tag) or ("bt709" if height >= 720 else "bt601")


def is_full_range(frame: VideoFrame, codec: str) -> bool:
    """Say whether a picture's luma is in full range, see ``VideoInfo.full_range``."""
    kind, name = layout_of(frame.format.name).kind, frame.format.name
    if kind == "rgb":
        return False  # we compute the luma, and compute it limited
    if name.startswith("yuvj"):
        return True
    if frame.color_range in (_LIMITED, _FULL):
        return int(frame.color_range) == _FULL
    return kind == "gray" and codec not in _BROADCAST_CODECS


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration else None


def _display_matrix(frame: VideoFrame) -> tuple[int, ...] | None:
    try:
        data = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV knows no EXIF, and then tells nothing but the angle
        return _turned(frame.rotation)
    return struct.unpack("=9i", bytes(data)) if data is not None else None


def _turned(degrees: int) -> tuple[int, ...] | None:
    """Make the display matrix of a turn by so many degrees counter-clockwise; None for none."""
    cosine, sine = (round(_ONE * turn(math.radians(degrees))) for turn in (math.cos, math.sin))
    return (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 30) if degrees else None
