"""Looks at what a visitor brings before it is let into the queue."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from temporal_colorize.apps.service.errors import TooLarge
from temporal_colorize.apps.service.options import ServiceOptions
from temporal_colorize.inference.picture import is_picture
from temporal_colorize.video import Limits, picture_size, probe


class Look(NamedTuple):
    """How many frames of a file will be coloured, and how many seconds all of it lasts, as far as it says; 0 seconds
    of a picture."""

    frames: int | None
    seconds: float | None


def look_at(source: Path, options: ServiceOptions, limits: Limits, asked: Mapping[str, object]) -> Look:
    """Say what a file is.

    Raises:
        TooLarge: If it is larger or longer than the service takes.
        ValueError: If it is empty, no video and no picture that can be read, or over before `start`.
    """
    size = source.stat().st_size
    if size > options.upload_mb * 1e6:
        raise TooLarge(f"{source.name} is larger than {options.upload_mb:g} MB: cut it, or encode it smaller")
    if not size:
        raise ValueError(f"{source.name} is empty: upload it again")
    if is_picture(source):
        known = picture_size(source.read_bytes())
        if known and (refusal := limits.refuse_size(*known)):
            raise TooLarge(f"{source.name} {refusal}")
        return Look(1, 0.0)
    info = probe(source, limits=limits)
    start, end = float(asked.get("start", 0)), float(asked.get("end", "inf"))
    if info.duration is None:
        return Look(info.frame_count, None)
    if start >= info.duration > 0:
        raise ValueError(f"start={start:g} is after the end of {source.name}, which lasts {info.duration:.2f} s")
    seconds = max(0.0, min(end, info.duration) - start)
    if seconds > options.seconds:
        raise TooLarge(f"{source.name} is {seconds:.0f} s long, and {options.seconds:g} are taken: give start and end")
    part = min(1.0, seconds / info.duration) if info.duration else 1.0
    frames = None if info.frame_count is None else max(1, round(info.frame_count * part))
    return Look(frames, info.duration)
