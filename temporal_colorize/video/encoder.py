"""Chooses and sets up the encoder of a coloured video, and says in one line why it cannot be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import av
import numpy as np
from av.codec import Codec
from av.codec.context import CodecContext, Flags
from av.codec.hwaccel import HWAccel
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.hardware import device_of, in_software, is_hardware, own_options
from temporal_colorize.video.info import VideoInfo

# Tried in turn when an encoder cannot write a pixel format.
_ALTERNATIVES = ("libx264", "libx265", "ffv1")
# The same samples in the order that hardware wants.
_SEMI_PLANAR = {"yuv420p": "nv12", "yuv422p": "nv16", "yuv420p10le": "p010le", "yuv422p10le": "p210le"}
_FRAME_DURATION = Flags.frame_duration  # keeps how long the last picture is shown
_TRIAL_FRAMES = 3


@dataclass(frozen=True)
class Encoder:
    """An encoder that can write a source's pictures.

    Attributes:
        codec: FFmpeg's.
        options: in its own words.
        pix_fmt: of the frames to give it.
        device: where PyAV has to upload those frames to; None for an encoder that takes them from memory.
        note: why it is not the one that was asked for; None if it is.
    """

    codec: Codec
    options: dict[str, str]
    pix_fmt: str
    device: str | None = None
    note: str | None = None


def choose_encoder(name: str, info: VideoInfo, options: Mapping[str, str], target: str) -> Encoder:
    """Look an encoder up by FFmpeg's name; a hardware encoder that does not work here is replaced by software.

    Args:
        name: such as ``libx264`` or ``h264_nvenc``.
        info: the source.
        options: the encoder's own, and ``preset`` and ``crf`` as x264 knows them.
        target: the output's name, for the error.

    Raises:
        VideoError: if there is no such video encoder, or it cannot write that format; then naming one that can.
    """
    if not is_hardware(name):
        return Encoder(_find(name, info, target), own_options(name, options), info.output_pix_fmt)
    encoder, refusal = _find_hardware(name, info, options)
    if encoder is not None:
        return encoder
    other, mapped, lost = in_software(name, options)
    given = ", ".join(f"{key}={value}" for key, value in mapped.items())
    note = f"encoder {name} {refusal}: encoded by {other}{f' with {given}' * bool(given)}"
    note += f", without {', '.join(lost)}" * bool(lost)
    return Encoder(_find(other, info, target), mapped, info.output_pix_fmt, note=note)


def _find(name: str, info: VideoInfo, target: str) -> Codec:
    codec = _named(name)
    if codec is None or codec.type != "video":
        raise VideoError(f"{target}: there is no video encoder named {name!r}; use one of {', '.join(_ALTERNATIVES)}")
    wanted = info.output_pix_fmt
    if not _writes(codec, wanted):
        able = [other for other in _ALTERNATIVES if _writes(Codec(other, "w"), wanted)]
        advice = f"use {' or '.join(able)}" if able else "convert the source to 10 bits first"
        raise VideoError(f"{target}: {name} cannot write {wanted}, which {info.path.name} needs; {advice}")
    return codec


def _find_hardware(name: str, info: VideoInfo, options: Mapping[str, str]) -> tuple[Encoder | None, str]:
    """Return a hardware encoder, or None and what is the matter with it."""
    codec = _named(name)
    if codec is None:
        return None, "is not in this build of PyAV"
    wanted, device = info.output_pix_fmt, device_of(name)
    packed = _SEMI_PLANAR.get(wanted)
    # An encoder that takes frames from its device only lists no other format.
    pix_fmt = wanted if _writes(codec, wanted) else packed if packed and (device or _writes(codec, packed)) else None
    if pix_fmt is None:
        return None, f"cannot write {wanted}"
    encoder = Encoder(codec, own_options(name, options), pix_fmt, device)
    refusal = _trial(encoder, info)
    return (None, f"does not start on this machine ({refusal})") if refusal else (encoder, "")


def _trial(encoder: Encoder, info: VideoInfo) -> str | None:
    """Encode a few pictures and say why that fails; some encoders open and fail only then."""
    try:
        context = CodecContext.create(encoder.codec, "w", hwaccel=_hwaccel(encoder))
        context.framerate, context.options = info.nominal_rate, encoder.options
        _describe(context, encoder, info)
        context.time_base = 1 / info.nominal_rate
        packets = []
        for number in range(_TRIAL_FRAMES):
            picture = VideoFrame(info.width, info.height, encoder.pix_fmt)
            picture.pts, picture.time_base = number, context.time_base
            packets += context.encode(picture)
        return None if packets + context.encode(None) else "no picture came out"
    except (av.FFmpegError, ValueError, RuntimeError) as error:
        return reason(error)


def _named(name: str) -> Codec | None:
    try:
        return Codec(name, "w")
    except ValueError:
        return None


def _writes(codec: Codec, pix_fmt: str) -> bool:
    return codec.video_formats is None or pix_fmt in {fmt.name for fmt in codec.video_formats}


def _hwaccel(encoder: Encoder) -> HWAccel | None:
    return HWAccel(encoder.device) if encoder.device else None


def add_video(container: OutputContainer, encoder: Encoder, info: VideoInfo, *, target: str) -> VideoStream:
    """Add the video stream to an output and open its encoder, so that whatever it refuses is known before any work.

    Raises:
        VideoError: if the container, the encoder or the machine refuses.
    """
    codec, options = encoder.codec, _settings(encoder)
    try:
        stream = container.add_stream(codec.name, info.nominal_rate, options=options, hwaccel=_hwaccel(encoder))
    except ValueError:
        raise VideoError(
            f"{target}: {container.format.name} files cannot hold {codec.name}; end the output name in .mkv"
        ) from None
    context = stream.codec_context
    _describe(context, encoder, info)
    if container.format.name == "tee":  # which does not say that the file behind it wants this
        context.flags |= Flags.global_header
    stream.time_base = info.time_base
    if codec.canonical_name == "hevc" and container.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # Apple's players refuse FFmpeg's default, hev1
    if info.display_matrix:
        stream.set_display_matrix(info.display_matrix)
    _open(context, codec.name, options, target)
    return stream


def open_twin(stream: VideoStream, encoder: Encoder, info: VideoInfo, *, target: str) -> VideoCodecContext:
    """Open another encoder like that of a stream, whose packets the stream can take.

    Raises:
        VideoError: if the encoder or the machine refuses.
    """
    options = _settings(encoder)
    context = CodecContext.create(encoder.codec, "w", hwaccel=_hwaccel(encoder))
    context.options, context.framerate = dict(options), info.nominal_rate
    _describe(context, encoder, info)
    context.flags |= stream.codec_context.flags & Flags.global_header
    _open(context, encoder.codec.name, options, target)
    if context.extradata != stream.codec_context.extradata:
        raise VideoError(f"{target}: the encoder {encoder.codec.name} does not start the same way twice; use libx264")
    return context


def _settings(encoder: Encoder) -> dict[str, str]:
    """Return the encoder's options with what every encoder is to be: silent but for errors, the same every time."""
    options = dict(encoder.options)
    name = encoder.codec.name
    if name == "libx265":  # it talks to stderr past FFmpeg's log
        options["x265-params"] = _joined("log-level=error", options.get("x265-params"))
    elif name == "libsvtav1":  # likewise; 1: errors
        os.environ.setdefault("SVT_LOG", "1")
    elif name == "libx264" and _has_avx512():
        # There its macroblock tree (core 165) reads unset memory: four encodings in ten differ from the others.
        options["x264-params"] = _joined("asm=avx2", options.get("x264-params"))
    return options


def _joined(ours: str, given: str | None) -> str:
    return f"{ours}:{given}" if given else ours


@lru_cache
def _has_avx512() -> bool:
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return any("AVX512" in extension or extension == "X86_V4" for extension in found)


def _describe(context: VideoCodecContext, encoder: Encoder, info: VideoInfo) -> None:
    context.width, context.height, context.pix_fmt = info.width, info.height, encoder.pix_fmt
    context.time_base = info.time_base
    context.thread_type = "AUTO"  # PyAV's own choice, slices alone, has x264 cut every picture by the number of threads
    context.flags |= _FRAME_DURATION
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    for tag, value in info.output_tags.items():
        setattr(context, tag, value)


def _open(context: VideoCodecContext, name: str, options: Mapping[str, str], target: str) -> None:
    try:
        context.open()
    except (av.FFmpegError, ValueError) as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise VideoError(
            f"{target}: the encoder {name} does not start with {given or 'no options'} at {context.width}x"
            f"{context.height} {context.pix_fmt} ({reason(error)}); change its options or use libx264"
        ) from None
    if context.options:
        unknown = ", ".join(sorted(context.options))
        raise VideoError(f"{target}: the encoder {name} has no option {unknown}; leave it out")
