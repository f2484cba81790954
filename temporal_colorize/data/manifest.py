"""The list of a prepared folder's files: what each is, where it comes from, and which split it belongs to."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from temporal_colorize.data.pictures import DataError, is_held_out
from temporal_colorize.options import require_number, require_one_of

MANIFEST = "manifest.csv"
SPLITS = ("train", "tuning", "validation")
KINDS = ("picture", "clip")


class Entry(NamedTuple):
    """One picture or clip of a prepared folder.

    Attributes:
        path: Below the folder; a picture in a tar is `pictures/<set>.tar/<member>`.
        set: The data set's name.
        source: The scene, camera, video or picture that it comes from, `<set>/...`; a source has one split.
        split: train, tuning or validation.
        kind: picture or clip.
        sha256: Of the file or the tar's member.
        bytes: Its size.
        width: In pixels.
        height: In pixels.
        frames: 1 for a picture.
        name: What it is called in the raw data set.
        hashes: Perceptual hashes, 16 hexadecimal digits each: of a picture, or of a clip's first, middle and last
            frame, joined by "+".
    """

    path: str
    set: str
    source: str
    split: str
    kind: str
    sha256: str
    bytes: int
    width: int
    height: int
    frames: int
    name: str
    hashes: str


_NUMBERS = ("bytes", "width", "height", "frames")


def split_of(source: str, *, tuning_percent: int, validation_percent: int) -> str:
    """Choose a source's split by its name alone, so that no later run moves it."""
    if is_held_out(source, tuning_percent):
        return "tuning"
    return "validation" if is_held_out(source, tuning_percent + validation_percent) else "train"


def read_manifest(path: Path) -> list[Entry]:
    """Read and check a manifest.

    Raises:
        DataError: If it cannot be read, a row is not as `Entry` says, or a path occurs twice.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != Entry._fields:
                raise DataError(f"{path}: its columns must be {','.join(Entry._fields)}")
            entries = [_entry(row, f"{path}, line {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a manifest that can be read: {error}") from error
    paths: set[str] = set()
    for entry in entries:
        if entry.path in paths:
            raise DataError(f"{path}: {entry.path} is listed twice; prepare the folder again")
        paths.add(entry.path)
    return entries


def _entry(row: dict[str, str], place: str) -> Entry:
    if None in row or None in row.values():
        raise DataError(f"{place}: not {len(Entry._fields)} cells")
    try:
        entry = Entry(**{name: int(text) if name in _NUMBERS else text for name, text in row.items()})
        require_one_of("split", entry.split, SPLITS)
        require_one_of("kind", entry.kind, KINDS)
        for name in _NUMBERS:
            require_number(name, getattr(entry, name), least=1)
        for part in entry.hashes.split("+"):
            int(part, 16)
    except ValueError as error:
        raise DataError(f"{place}: {error}") from error
    if Path(entry.path).is_absolute() or ".." in Path(entry.path).parts:
        raise DataError(f"{place}: path={entry.path} must lie below the manifest's folder")
    return entry


def divided_sources(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Find the sources that lie in more than one split, with those splits; there must be none."""
    splits: dict[str, set[str]] = {}
    for entry in entries:
        splits.setdefault(entry.source, set()).add(entry.split)
    return {source: sorted(found) for source, found in splits.items() if len(found) > 1}


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Write a manifest; the old one stays until the new one is complete."""
    part = path.with_name(path.name + ".part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(Entry._fields)
        rows.writerows(entries)
    os.replace(part, path)
