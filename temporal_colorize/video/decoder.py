"""Chooses what decodes a file: the processor, or a device that proves to give the same luma."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal

import av
import numpy as np
from av.codec import Codec
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.errors import reason
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.pixels import luma_of

Decoder = Literal["auto", "cpu", "cuda", "vaapi"]
DECODERS = ("auto", "cpu", "cuda", "vaapi")
_DEVICES = ("cuda", "vaapi")  # in the order that auto tries them
# Their standards fix every sample; those of MPEG-1, -2, -4 and JPEG let decoders round differently.
_EXACT = ("h264", "hevc", "vp8", "vp9", "av1")
_TRIAL_PACKETS = 60  # as many may come before the first picture
_MOST_BEFORE_KEYFRAME = 300  # pictures; streams without any keyframe begin with their first

# Opens the file for a device that may not fall back to software.
OpenStream = Callable[[HWAccel], tuple[InputContainer, VideoStream]]


def choose_device(
    decoder: Decoder, info: VideoInfo, first: VideoFrame, open_stream: OpenStream
) -> tuple[str | None, str | None]:
    """Choose a device that decodes a file's first picture to the same luma as the processor.

    Args:
        decoder: "auto" for the first that does, without a word if none does.
        info: the file.
        first: its first picture, decoded by the processor.
        open_stream: opens the file and its video stream.

    Returns:
        The device's name, or None for the processor; and why it is not the device that was named, or None.
    """
    if decoder == "cpu":
        return None, None
    refusal = None
    for device in _DEVICES if decoder == "auto" else [decoder]:
        refusal = _refusal(device, info, first, open_stream)
        if refusal is None:
            return device, None
    return None, f"decoder {decoder} {refusal}: decoded by the processor" if decoder != "auto" else None


def _refusal(device: str, info: VideoInfo, first: VideoFrame, open_stream: OpenStream) -> str | None:
    if device not in hwdevices_available():
        return "is not in this build of PyAV"
    if info.codec not in _EXACT:
        return f"may round {info.codec} differently"
    if (closed := _closed(device)) is not None:
        return f"does not start on this machine ({closed})"
    if not _agrees(device, info, first, open_stream):
        return f"does not give the luma of this {info.codec} ({info.pix_fmt})"
    return None


@lru_cache
def _closed(device: str) -> str | None:
    """Say why a device does not open; None if it does."""
    try:
        HWAccel(device).create(Codec("h264", "r"))
    except (av.FFmpegError, RuntimeError) as error:
        return reason(error)
    return None


def _agrees(device: str, info: VideoInfo, first: VideoFrame, open_stream: OpenStream) -> bool:
    try:
        container, stream = open_stream(HWAccel(device, allow_software_fallback=False))
        with container:
            if not stream.codec_context.is_hwaccel:  # libdav1d, which reads AV1 in PyAV's wheels, knows no device
                return False
            picture, _ = first_picture(container, stream, most_packets=_TRIAL_PACKETS)
    except (av.FFmpegError, RuntimeError, ValueError):
        return False
    return picture is not None and same_luma(first, picture, info)


def same_luma(left: VideoFrame, right: VideoFrame, info: VideoInfo) -> bool:
    """Compare the luma of two pictures, sample by sample, whatever formats they are stored in."""
    one, other = (luma_of(frame, matrix=info.matrix, full_range=info.full_range) for frame in (left, right))
    return one.dtype == other.dtype and np.array_equal(one, other)


def first_picture(
    container: InputContainer,
    stream: VideoStream,
    *,
    most_packets: int | None = None,
    on_error: Callable[[av.FFmpegError], object] = lambda error: None,
) -> tuple[VideoFrame | None, int]:
    """Decode up to the first picture that is whole, over damaged packets, which `on_error` is told.

    The decoders of MPEG-4 and its like also show what comes before the first keyframe of a recording that was cut, as
    garbage; the others leave it out themselves.

    Returns:
        The picture, None if there is none in so many packets; and how many pictures before it have to be left out.
    """
    first = None
    for count, picture in enumerate(
        itertools.islice(_pictures(container, stream, most_packets, on_error), _MOST_BEFORE_KEYFRAME)
    ):
        if stream.codec_context.codec.canonical_name in _EXACT or _is_key(picture):
            return picture, count
        first = first or picture
    return first, 0


def _is_key(picture: VideoFrame) -> bool:
    return picture.key_frame or picture.pict_type in (PictureType.I, PictureType.NONE)


def _pictures(
    container: InputContainer,
    stream: VideoStream,
    most_packets: int | None,
    on_error: Callable[[av.FFmpegError], object],
) -> Iterator[VideoFrame]:
    packets = itertools.islice(container.demux(stream), most_packets)
    ended = False
    while not ended:
        try:
            packet = next(packets, None)
            ended = packet is None
            yield from stream.decode(packet)
        except av.FFmpegError as error:
            on_error(error)
        except IndexError:  # PyAV's, at the end of a file in which streams have come up
            ended = True
