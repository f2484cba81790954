"""Compares the pictures of an output with those of its source, by the record."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from temporal_colorize.inference.picture import read_luma
from temporal_colorize.provenance.record import RecordError
from temporal_colorize.video import Frame, Limits, VideoError, VideoReader
from temporal_colorize.video.frame_map import FrameMap, Row

_AS_READ = ("deinterlace", "rate", "start", "end")
_ROUNDING = 1  # codes by which the luma of a picture's rounded R, G and B may differ


class Found(NamedTuple):
    """What comparing videos found.

    Attributes:
        map: Whether pictures and times are the record's, and what is the matter, in a line.
        luma: Likewise whether luma is the source's; None if the map is wrong.
    """

    map: tuple[bool, str]
    luma: tuple[bool, str] | None


def compare_videos(output: Path, source: Path, known: Mapping[str, Any]) -> Found:
    """Read both videos as the record says: luma deinterlaced and scaled as it was then, compared beside the mark."""
    config, count, differing, first = known["config"], 0, 0, None
    options = {name: config[name] for name in _AS_READ}
    try:
        with (
            VideoReader(source, limits=_limits(known), **options) as before,
            VideoReader(output, deinterlace="off") as after,
        ):
            mark = _box(known["done"].get("mark"))
            rows, skipped = FrameMap.from_json(known["frames"]).rows(), None
            for row, one, other in itertools.zip_longest(rows, _frames(before), _frames(after)):
                if skipped is None:
                    skipped = one.origin.number if config["start"] and one else 0  # see FrameMap.as_json
                if (wrong := _difference(row, one, other, skipped)) is not None:
                    return Found((False, f"frame {count}: {wrong}"), None)
                if not _same(one.luma, other.luma, mark):
                    first = count if first is None else first
                    differing += 1
                count += 1
    except VideoError as error:
        return Found((False, str(error)), None)
    found = (True, f"{count} frames are those pictures of the source, at those times, that the record says")
    beside = " outside the mark" if mark else ""
    if differing:
        return Found(found, (False, f"{differing} of {count} frames differ{beside}, the first is frame {first}"))
    return Found(found, (True, f"the source's in all {count} frames{beside}, sample by sample"))


def compare_pictures(output: Path, source: Path, known: Mapping[str, Any]) -> tuple[bool, str]:
    """Say whether a picture's luma is the source's to within the rounding of R, G and B, and what was found."""
    one, other = (read_luma(path, limits=_limits(known)) for path in (source, output))
    if one.dtype != other.dtype:
        bits = [8 * plane.itemsize for plane in (one, other)]
        return False, f"the source has {bits[0]} bits a sample, and the output {bits[1]}"
    if one.shape != other.shape:
        return False, f"the pictures have other sizes, {one.shape[::-1]} and {other.shape[::-1]}"
    mark = _box(known["done"].get("mark"))
    apart = np.abs(one.astype(int) - other.astype(int))
    if mark is not None:
        apart[mark] = 0
    most, beside = int(apart.max()), " outside the mark" if mark else ""
    return most <= _ROUNDING, f"it differs by at most {most} codes{beside} ({_ROUNDING} is rounding)"


def _limits(known: Mapping[str, Any]) -> Limits:
    try:
        return Limits(**known["config"]["limits"])
    except TypeError as error:
        raise RecordError(f"the record has config.limits that there are not: {error}") from error


def _box(mark: Mapping[str, Any] | None) -> tuple[slice, slice] | None:
    if mark is None:
        return None
    x, y, width, height = mark["box"]
    return slice(y, y + height), slice(x, x + width)


def _frames(reader: VideoReader) -> Iterator[Frame]:
    return (item for item in reader if isinstance(item, Frame))


def _difference(row: Row | None, one: Frame | None, other: Frame | None, skipped: int) -> str | None:
    """Say in what a frame of the record, of the source and of the output differ; None if they do not."""
    for what, there in (("the record", row), ("the source", one), ("the output", other)):
        if there is None:
            return f"{what} has no such frame"
    number = one.origin.number - skipped
    if (row.picture, row.stamp, row.pts) != (number, one.origin.stamp, one.pts):
        return (f"it is picture {number} of the source, at {one.origin.stamp}, shown at {one.pts}; the "
                f"record says picture {row.picture}, at {row.stamp}, shown at {row.pts}")  # fmt: skip
    if abs(one.pts * one.time_base - other.pts * other.time_base) > other.time_base / 2:
        return f"it is shown at {other.time:.6f} s; the record says {one.time:.6f} s"
    return None


def _same(one: np.ndarray, other: np.ndarray, mark: tuple[slice, slice] | None) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if mark is not None:
        one = one.copy()
        one[mark] = other[mark]
    return np.array_equal(one, other)
