"""The journal of a job: a header and an entry for each finished segment, in the order in which they were finished."""

import contextlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from temporal_colorize.inference.fingerprint import describe, has_grown
from temporal_colorize.video.errors import VideoError, on_disk

Entry = dict[str, Any]
_FORMAT = 2
_HEADER, _ENTRY = ("format", "source", "settings"), ("segment", "state", "position", "totals", "frames")


class OtherwiseError(VideoError):
    """A job that is made by other settings than those that this process has, or finds."""


class Journal:
    """Lines of JSON in a job's folder; one that a kill or a disk has damaged is passed over, but not the header.

    Args:
        folder: The job's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "journal.jsonl"

    def header(self) -> Entry | None:
        """Read what the job is of; None if that is not known."""
        return next(iter(self._lines()), None)

    def read(self) -> tuple[Entry | None, dict[int, Entry]]:
        """Read the header, and by its number every segment whose file is there."""
        header, *entries = self._lines() or [None]
        return header, {
            number_of(entry): entry for entry in entries if (self._folder / entry["segment"]).is_file()
        }  # fmt: skip

    def write(self, header: Entry, entries: Collection[Entry]) -> None:
        """Write it anew, which leaves out what could not be read.

        Raises:
            VideoError: If that cannot be written (a full disk).
        """
        fresh = self._path.with_suffix(".new")
        with on_disk(self._folder):
            write_bytes(fresh, "".join(json.dumps(entry) + "\n" for entry in (header, *entries)).encode())
            os.replace(fresh, self._path)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry, see `append_line`."""
        append_line(self._path, json.dumps(entry))

    def _lines(self) -> list[Entry]:
        try:
            first, *rest = self._path.read_text(errors="replace").splitlines() or [""]
        except OSError:
            return []
        header = _parsed(first, _HEADER)
        return [] if header is None else [header, *filter(None, (_parsed(line, _ENTRY) for line in rest))]


def header_of(source: Sequence[Path], settings: Mapping[str, object]) -> Entry:
    """Return what a journal begins with."""
    return {"format": _FORMAT, "source": describe(*source), "settings": json.loads(json.dumps(settings))}


def number_of(entry: Mapping[str, Any]) -> int:
    """Return the number of an entry's segment, from 0."""
    return int(Path(entry["segment"]).stem)


def difference(known: Mapping[str, Any], header: Mapping[str, Any], files: Sequence[Path]) -> str | None:
    """Say in what the first setting of a journal differs from others; None if none does."""
    if known["format"] != header["format"]:
        return "another version of this program"
    if known["source"] != header["source"] and not has_grown(known["source"], files):
        return f"another source, {known['source']['name']} of {known['source']['bytes']} bytes"
    names = sorted({*known["settings"], *header["settings"]})
    for name in names:
        then, now = (part["settings"].get(name) for part in (known, header))
        if then != now:
            return f"{name}={then} (now {now})"
    return None


def append_line(path: Path, line: str) -> None:
    """Add a line to a file: it is on the disk after that, or nothing of it if an error is raised.

    What a kill or a full disk has left without an end stays a line of its own.

    Raises:
        OSError: If it cannot be written (a full disk).
    """
    size = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("ab+") as file:
            file.seek(max(0, size - 1))
            torn = file.read() not in (b"", b"\n")
            file.write(b"\n" * torn + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.truncate(path, size)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is on the disk after that."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _parsed(line: str, needed: Collection[str]) -> Entry | None:
    """Read a line; None if a kill or a disk has damaged it."""
    try:
        entry = json.loads(line)
        return entry if set(needed) <= set(entry) else None
    except (ValueError, TypeError):
        return None


def require_same(folder: Path, target: Path, settings: Mapping[str, object]) -> None:
    """Refuse a job that is none, or of other settings.

    Raises:
        VideoError: If it is none.
        OtherwiseError: If it is made otherwise.
    """
    header = Journal(folder).header()
    if header is None:
        raise VideoError(
            f"{target}: nobody is making it, as {folder} has no journal; can this machine see that folder?"
        )
    if (other := difference(header, {**header, "settings": json.loads(json.dumps(settings))}, [])) is not None:
        raise OtherwiseError(f"{target}: it is made with {other}; give every machine the same options and version")
