"""Sets up the encoder of a coloured video, and says in one line why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping

import av
from av.codec import Codec
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from temporal_colorize.video.errors import VideoError, reason
from temporal_colorize.video.info import VideoInfo

# Tried in turn when an encoder cannot write a pixel format.
_ALTERNATIVES = ("libx264", "libx265", "ffv1")
_FRAME_DURATION = Flags.frame_duration  # keeps how long the last picture is shown


def find_encoder(name: str, info: VideoInfo, target: str) -> Codec:
    """Look an encoder up by FFmpeg's name and check that it writes the pixel format of ``info``.

    Args:
        name: such as ``libx264``.
        info: the source.
        target: the output's name, for the error.

    Raises:
        VideoError: if there is no such video encoder, or it cannot write that format; then naming one that can.
    """
    try:
        codec = Codec(name, "w")
    except ValueError:
        codec = None
    if codec is None or codec.type != "video":
        raise VideoError(f"{target}: there is no video encoder named {name!r}; use one of {', '.join(_ALTERNATIVES)}")
    wanted = info.output_pix_fmt
    if not _writes(codec, wanted):
        able = [other for other in _ALTERNATIVES if _writes(Codec(other, "w"), wanted)]
        advice = f"use {' or '.join(able)}" if able else "convert the source to 10 bits first"
        raise VideoError(f"{target}: {name} cannot write {wanted}, which {info.path.name} needs; {advice}")
    return codec


def _writes(codec: Codec, pix_fmt: str) -> bool:
    return codec.video_formats is None or pix_fmt in {fmt.name for fmt in codec.video_formats}


def add_video(
    container: OutputContainer, codec: Codec, info: VideoInfo, *, options: Mapping[str, str], threads: int, target: str
) -> VideoStream:
    """Add the video stream to an output and open its encoder, so that whatever it refuses is known before any work.

    Raises:
        VideoError: if the container, the encoder or the machine refuses.
    """
    options = dict(options)
    if codec.name == "libx265":  # it talks to stderr past FFmpeg's log
        options["x265-params"] = ":".join(["log-level=error", *filter(None, [options.get("x265-params")])])
    try:
        stream = container.add_stream(codec.name, rate=info.nominal_rate, options=options)
    except ValueError:
        raise VideoError(
            f"{target}: {container.format.name} files cannot hold {codec.name}; end the output name in .mkv"
        ) from None
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = info.width, info.height, info.output_pix_fmt
    context.time_base = stream.time_base = info.time_base
    context.thread_count = threads
    context.flags |= _FRAME_DURATION
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    for tag, value in info.output_tags.items():
        setattr(context, tag, value)
    if codec.canonical_name == "hevc" and container.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # Apple's players refuse FFmpeg's default, hev1
    if info.display_matrix:
        stream.set_display_matrix(info.display_matrix)
    _open(stream, codec.name, options, target)
    return stream


def _open(stream: VideoStream, name: str, options: Mapping[str, str], target: str) -> None:
    context = stream.codec_context
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
