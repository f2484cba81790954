"""What a name on the command line stands for: a file, or a numbered sequence of pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from av.codec.hwaccel import HWAccel
from av.container import InputContainer

from temporal_colorize.options import require_number
from temporal_colorize.video.errors import VideoError, reason, require_readable
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import open_local
from temporal_colorize.video.unfinished import lacks_index

USUAL_RATE = Fraction(25)  # of what has no timestamps
_NUMBER = re.compile(r"%(0\d+)?d")
_SLOWEST, _FASTEST = 0.001, 1000


@dataclass(frozen=True)
class Source:
    """What FFmpeg is to open.

    Attributes:
        url: a file, or FFmpeg's pattern of a sequence.
        format: FFmpeg's name of the demuxer; None to find out.
        options: the demuxer's.
        length: how many pictures a sequence has; FFmpeg itself may look for more.
        notes: what is left out of a sequence, in a line each.
        files: what is read.
    """

    url: str
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def is_sequence(path: str | os.PathLike[str]) -> bool:
    """Say whether a name is that of numbered pictures (``frames/%05d.png``) rather than of one file."""
    path = Path(path)
    return len(_NUMBER.findall(path.name)) == 1 and not path.exists()


def sequence_name(path: str | os.PathLike[str]) -> Path:
    """Name a sequence as a whole, without suffix, beside its folder.

    ``shots/%05d.png`` gives ``shots``; what the pictures' names have beside the number is added: ``shots/cam1_%d.jpg``
    gives ``shots_cam1``.
    """
    folder = Path(os.path.abspath(path)).parent
    rest = _NUMBER.sub("", Path(path).stem).strip("_-. ")
    return folder.with_name("_".join(filter(None, [folder.name or "frames", rest])))


def locate(path: str | os.PathLike[str], *, rate: float | None) -> Source:
    """Find out what to open.

    Raises:
        VideoError: if there is nothing to read there.
        ValueError: if the rate is none.
    """
    exact = exact_rate(rate)
    if not is_sequence(path):
        url = require_readable(path)
        return Source(url, files=(Path(url),))
    path = Path(path)
    before, after = _around_number(path.name)
    number = _NUMBER.search(path.name)[0]
    numbers = _numbers(path, before, after, number)
    first = numbers[0]
    last = next(n for n in numbers if n + 1 not in numbers)
    notes = ()
    if last != numbers[-1]:
        missing = f"{before}{number % (last + 1)}{after}"
        notes = (f"{missing} is missing: the {sum(n > last for n in numbers)} pictures after it are not read",)
    folder = os.path.abspath(path.parent).replace("%", "%%")
    url = f"{folder}/{before.replace('%', '%%')}{number}{after.replace('%', '%%')}"
    options = {"start_number": str(first), "framerate": str(exact), "pattern_type": "sequence"}
    files = tuple(path.with_name(f"{before}{number % n}{after}") for n in range(first, last + 1))
    return Source(url, "image2", options, last - first + 1, notes, files)


def open_source(
    source: Source, path: Path, *, limits: Limits | None = None, hwaccel: HWAccel | None = None
) -> InputContainer:
    """Open what ``locate`` found.

    Raises:
        VideoError: as ``open_local``, and in what way a recording is unfinished.
    """
    try:
        return open_local(
            source.url, named=path, format=source.format, options=source.options, limits=limits, hwaccel=hwaccel
        )
    except VideoError:
        if source.format is None and lacks_index(source.url):
            raise VideoError(
                f"{path}: its index (moov) is missing: the recording was not finished; repair it with untrunc and a "
                "whole file of the same camera, and record to .mkv or .ts, which need none"
            ) from None
        raise


def exact_rate(rate: float | None) -> Fraction:
    """Turn pictures a second into a fraction: 29.97 is 30000/1001, None is 25.

    Raises:
        ValueError: if it is no such number.
    """
    if rate is None:
        return USUAL_RATE
    require_number("rate", rate, least=_SLOWEST, most=_FASTEST)
    ntsc = Fraction(round(rate * 1.001) * 1000, 1001)
    return ntsc if rate != int(rate) and abs(rate - ntsc) < 0.005 else Fraction(str(rate)).limit_denominator(10000)


def _around_number(name: str) -> tuple[str, str]:
    match = _NUMBER.search(name)
    return name[: match.start()], name[match.end() :]


def _numbers(path: Path, before: str, after: str, number: str) -> list[int]:
    """Return the numbers of a sequence that are there, in order."""
    try:
        names = os.listdir(path.parent)
    except OSError as error:
        raise VideoError(f"{path}: its folder cannot be read ({reason(error)}); check the path") from None
    digits = [n[len(before) : len(n) - len(after)] for n in names if n.startswith(before) and n.endswith(after)]
    found = sorted({int(d) for d in digits if d.isascii() and d.isdigit() and number % int(d) == d})
    if not found:
        raise VideoError(f"{path}: there is no picture of such a name; check the folder and the number of digits")
    return found
