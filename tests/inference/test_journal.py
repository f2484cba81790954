"""Lines that are there whole or not at all, on disks that are full or were pulled out."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from temporal_colorize.inference.journal import Journal, append_line

HEADER = {"format": 2, "source": {}, "settings": {}}


def entry(folder: Path, number: int) -> dict[str, object]:
    name = f"{number:06}.packets"
    (folder / name).touch()
    return {"segment": name, "state": "a", "position": None, "totals": {}, "frames": {}}


@contextmanager
def full_disk(at: int) -> Iterator[None]:
    """Refuse what would make a file larger: a part of it is written before, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, "first")
    with full_disk(at=10), pytest.raises(OSError, match="File too large"):
        append_line(path, "second" * 10)
    assert path.read_text() == "first\n"
    append_line(path, "third")
    assert path.read_text() == "first\nthird\n"


def test_what_was_cut_off_stays_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("first\nsec")
    append_line(path, "third")
    assert path.read_text() == "first\nsec\nthird\n"


def test_segments_after_a_damaged_line_count(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(HEADER, [entry(tmp_path, 0)])
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"segment": "000001.packets", "sta')
    journal.append(entry(tmp_path, 2))
    assert journal.read() == (HEADER, {number: entry(tmp_path, number) for number in (0, 2)})


def test_nothing_counts_without_its_header(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(entry(tmp_path, 0))
    journal.append(HEADER)
    assert journal.read() == (None, {}) and journal.header() is None
