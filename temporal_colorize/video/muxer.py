"""Opens output containers, so that each keeps times exactly and holds all the sound that it can."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream

from temporal_colorize.video.info import codec_of
from temporal_colorize.video.paths import AS_IN_WAV, format_of

_LARGEST_TIMESCALE = 2**31 - 1
_SAME_EVERY_TIME = "fflags", "+bitexact"  # or Matroska's numbers of tracks and of the file are random
_KEEP_START = "avoid_negative_ts", "disabled"  # sound that starts before the picture stays where it is


def open_output(part: Path, target: Path, time_base: Fraction, copied: Sequence[Stream]) -> OutputContainer:
    """Open a file for writing.

    Args:
        part: its name while it is written.
        target: its name, whose suffix chooses the container.
        time_base: of the pictures.
        copied: streams of the source to be copied.
    """
    container_format = format_of(target)
    if container_format == "matroska" and any(codec_of(stream) in AS_IN_WAV for stream in copied):
        # PyAV refuses such sound for Matroska itself, which does hold it; FFmpeg's tee muxer passes it on.
        options = ":".join("=".join(option) for option in (_KEEP_START, _SAME_EVERY_TIME))
        return av.open(f"[f=matroska:{options}]{_quoted(os.path.abspath(part))}", "w", format="tee")
    options = dict([_KEEP_START])
    if container_format in ("mp4", "mov"):
        # A late start is counted in these units: FFmpeg's own choice, milliseconds, would round it.
        scale = math.lcm(time_base.denominator, *(s.time_base.denominator for s in copied if s.time_base))
        if scale > _LARGEST_TIMESCALE:
            scale = time_base.denominator
        options["movie_timescale"] = str(max(scale, 1000))
    else:
        options.update([_SAME_EVERY_TIME])
    return av.open(os.path.abspath(part), "w", format=container_format, container_options=options)


def _quoted(path: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\'|" else letter for letter in path)
