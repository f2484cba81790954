"""Opens a file's main video stream, and learns from its first picture what the file is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.decoder import first_picture
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.info import VideoInfo, inspect, own_rate
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import oversized, require_size
from temporal_colorize.video.source import Source, exact_rate, open_source

_NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS


@dataclass(frozen=True, eq=False)
class FirstLook:
    """What a file's first picture says.

    Attributes:
        info: the file.
        picture: its first one that is whole, decoded by the processor.
        skipped: how many pictures before it have to be left out.
        untimed: whether the file has no timestamps.
        notes: what was assumed of its rate, or done otherwise than asked, in a line each.
    """

    info: VideoInfo
    picture: VideoFrame
    skipped: int
    untimed: bool
    notes: list[str]


def first_look(source: Source, path: Path, *, limits: Limits, rate: float | None) -> FirstLook:
    """Open a file and decode its first picture.

    Args:
        source: what is opened.
        path: its name.
        limits: what it is trusted with.
        rate: pictures per second if it has no timestamps; None for what the stream says.

    Raises:
        VideoError: if it is beyond the limits, or no picture in it can be decoded.
    """
    container, stream = open_main_stream(source, path, limits=limits)
    with container:
        refusals: list[str | None] = []
        picture, skipped = first_picture(
            container, stream, on_error=lambda error: refusals.append(oversized(stream, error, limits))
        )
        if picture is None:
            raise nothing_in(path, next(filter(None, refusals), None))
        info = inspect(path, container, stream, picture)
        untimed = bool(container.format.flags & _NO_TIMESTAMPS) or source.format is not None
        own = own_rate(stream)
    if untimed:
        info, notes = _timed(info, source, rate, own)
    else:
        notes = [] if rate is None else [f"rate={rate} is not used: the file has timestamps of its own"]
    return FirstLook(info, picture, skipped, untimed, notes)


def open_main_stream(
    source: Source, path: Path, *, limits: Limits, hwaccel: HWAccel | None = None
) -> tuple[InputContainer, VideoStream]:
    """Open a file and choose the stream of video that is read; VideoError if it has none, or is beyond the limits."""
    container = open_source(source, path, limits=limits, hwaccel=hwaccel)
    stream = _main_stream(container, path)
    require_size(container, stream, path, limits)
    return container, stream


def nothing_in(path: Path, refusal: str | None = None) -> VideoError:
    """Say that a file has no pictures, and why, if that is known."""
    why = refusal or "no picture in it can be decoded; copy or export it again from its source"
    return VideoError(f"{path}: {why}")


def _timed(info: VideoInfo, source: Source, rate: float | None, own: Fraction | None) -> tuple[VideoInfo, list[str]]:
    """Choose the rate of a file without timestamps, and say so if nobody else did."""
    chosen = exact_rate(rate) if rate is not None or own is None or source.format else own
    why = "assumed" if chosen != own or source.format else "as the stream says"
    notes = [f"no timestamps in it: {float(chosen):g} pictures a second {why}"] if rate is None else []
    return replace(info, time_base=1 / chosen, average_rate=chosen), notes


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
