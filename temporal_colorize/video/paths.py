"""Output names, and what their containers can hold."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import av
from av.codec import Codec

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.reader import probe
from temporal_colorize.video.source import is_sequence, sequence_name

# Containers that keep any timestamp. AVI and MPEG-TS do not: one has no variable rate, the other moves the start.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_KEPT = (".mp4", ".mkv", ".mov")
# Matroska holds them as WAV does; FFmpeg's list of what it holds leaves out what has no name of Matroska's own.
AS_IN_WAV = frozenset({
    "pcm_alaw", "pcm_mulaw", "adpcm_g722", "adpcm_g726", "adpcm_ima_wav", "adpcm_ms", "g723_1", "wmav1", "wmav2",
})  # fmt: skip


@lru_cache
def _held_by(container_format: str) -> frozenset[str]:
    with av.open(io.BytesIO(), "w", format=container_format) as container:
        named = frozenset(_canonical(name) for name in container.supported_codecs)
    return named | AS_IN_WAV if container_format == "matroska" else named


def _canonical(name: str) -> str:
    try:
        return Codec(name, "r").canonical_name
    except ValueError:
        return Codec(name, "w").canonical_name


def holds(suffix: str, codec: str) -> bool:
    """Say whether files with this suffix (".mp4", ...) can hold a codec, by FFmpeg's name for it."""
    return codec in _held_by(FORMATS[suffix])


def suffix_for(codecs: Iterable[str], *, first: str = ".mp4") -> str | None:
    """Return the first of .mp4, .mkv and .mov, or another order's, that can hold all of these; None if none can."""
    wanted = list(codecs)
    return next((suffix for suffix in (first, *_KEPT) if all(holds(suffix, codec) for codec in wanted)), None)


def format_of(path: Path) -> str:
    """Return FFmpeg's name of the container that an output path asks for by its suffix.

    Raises:
        VideoError: if the suffix is not one we write.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise VideoError(f"{path}: cannot write {path.suffix or 'a name without suffix'}; end the output name in "
                         f"{', '.join(FORMATS)}") from None  # fmt: skip


def default_output(
    path: str | os.PathLike[str],
    *,
    info: VideoInfo | None = None,
    audio: Literal["copy", "drop"] = "copy",
    codec: str = "libx264",
    limits: Limits | None = None,
    mark: str = "color",
) -> Path:
    """Name the coloured twin of a video: ``clip.mp4`` gives ``clip.color.mp4`` beside it.

    .mp4, .mkv and .mov stay and any other suffix becomes .mp4, where that can hold the sound and the pictures; else it
    is the first of the three that can. Numbered pictures, ``shots/%05d.png``, give ``shots.color.mp4`` beside their
    folder.

    Args:
        path: the source.
        info: what ``probe(path)`` says; probed here if None.
        audio: "drop" if the sound need not fit.
        codec: FFmpeg's name of the video encoder.
        limits: what the file is trusted with then.
        mark: what its name has more than the source's.

    Raises:
        VideoError: if the source has to be probed and cannot be read.
    """
    source = Path(path)
    if is_sequence(source):
        name = sequence_name(source)
        return name.with_name(f"{name.name}.{mark}{_fitting('.mp4', [codec])}")
    wanted = [codec, *((info or probe(source, limits=limits)).audio_codecs if audio == "copy" else ())]
    return source.with_name(f"{source.stem}.{mark}{_fitting(_usual(source), wanted)}")


def suffix_note(source: str | os.PathLike[str], output: Path, info: VideoInfo) -> str | None:
    """Say why a default output's suffix is not the usual one; None if it is."""
    usual = _usual(Path(source))
    if output.suffix == usual:
        return None
    lacking = [codec for codec in info.audio_codecs if not holds(usual, codec)]
    what = f"sound {', '.join(lacking)} does" if lacking else "the encoder's format does"
    return f"{what} not go into {usual}: written as {output.suffix}"


def _usual(source: Path) -> str:
    suffix = source.suffix.lower()
    return suffix if suffix in _KEPT else ".mp4"


def _fitting(suffix: str, codecs: Iterable[str]) -> str:
    known = [_canonical_of(codec) for codec in codecs]
    fitting = suffix_for(known, first=suffix)
    return fitting or suffix


def _canonical_of(codec: str) -> str:
    """Name an encoder's or decoder's format; what FFmpeg does not know is left for the writer to refuse."""
    try:
        return _canonical(codec)
    except ValueError:
        return "h264"
