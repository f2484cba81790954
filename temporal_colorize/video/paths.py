"""Output names, and what their containers can hold."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import av
from av.codec import Codec

from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.reader import probe

# Containers that keep any timestamp. AVI and MPEG-TS do not: one has no variable rate, the other moves the start.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_KEPT = (".mp4", ".mkv", ".mov")


@lru_cache
def _held_by(container_format: str) -> frozenset[str]:
    with av.open(io.BytesIO(), "w", format=container_format) as container:
        return frozenset(_canonical(name) for name in container.supported_codecs)


def _canonical(name: str) -> str:
    try:
        return Codec(name, "r").canonical_name
    except ValueError:
        return Codec(name, "w").canonical_name


def holds(suffix: str, codec: str) -> bool:
    """Say whether files with this suffix (".mp4", ...) can hold a codec, by FFmpeg's name for it."""
    return codec in _held_by(FORMATS[suffix])


def suffix_for(codecs: Iterable[str]) -> str | None:
    """Return the first of .mp4, .mkv and .mov that can hold all of these codecs; None if none can."""
    wanted = list(codecs)
    return next((suffix for suffix in _KEPT if all(holds(suffix, codec) for codec in wanted)), None)


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
    path: str | os.PathLike[str], *, info: VideoInfo | None = None, limits: Limits | None = None
) -> Path:
    """Name the coloured twin of a video: ``clip.mp4`` gives ``clip.color.mp4`` beside it.

    .mp4, .mkv and .mov stay, any other suffix becomes .mp4, or whichever of the three can hold the sound.

    Args:
        path: the source.
        info: what ``probe(path)`` says; probed here, and only where the suffix has to change, if None.
        limits: what the file is trusted with then.

    Raises:
        VideoError: if the source has to be probed and cannot be read.
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if suffix not in _KEPT:
        suffix = suffix_for((info or probe(source, limits=limits)).audio_codecs) or ".mp4"
    return source.with_name(f"{source.stem}.color{suffix}")
