from pathlib import Path

import pytest

from temporal_colorize.data.manifest import Entry, divided_sources, read_manifest, split_of, write_manifest
from temporal_colorize.data.pictures import DataError, is_held_out


def entry(number: int, **changes: object) -> Entry:
    plain = Entry(
        path=f"pictures/a.tar/{number}.webp",
        set="a",
        source=f"a/{number}",
        split="train",
        kind="picture",
        sha256="0" * 64,
        bytes=100,
        width=40,
        height=30,
        frames=1,
        name=f"Straße, {number}.png",
        hashes="0" * 16,
    )
    return plain._replace(**changes)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    entries = [entry(0), entry(1, split="tuning"), entry(2, split="validation", kind="clip", frames=9)]
    write_manifest(tmp_path / "manifest.csv", entries)
    assert read_manifest(tmp_path / "manifest.csv") == entries


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": "test"}, "split=test"),
        ({"kind": "sound"}, "kind=sound"),
        ({"bytes": 0}, "bytes=0"),
        ({"width": "wide"}, "wide"),
        ({"hashes": "none"}, "none"),
        ({"path": "../secret.webp"}, "below"),
        ({"path": "/etc/passwd"}, "below"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.csv", [entry(0), entry(1, **changes)])
    with pytest.raises(DataError, match=rf"m\.csv, line 3: .*{words}"):
        read_manifest(tmp_path / "m.csv")


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_manifest(path, [entry(0), entry(0)])
    with pytest.raises(DataError, match="listed twice"):
        read_manifest(path)
    path.write_text("path,split\na,train\n")
    with pytest.raises(DataError, match="columns"):
        read_manifest(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not a manifest"):
        read_manifest(path)
    write_manifest(path, [entry(0)])
    path.write_text(path.read_text().rpartition(",")[0] + "\n")
    with pytest.raises(DataError, match="line 2: not 12 cells"):
        read_manifest(path)
    with pytest.raises(DataError, match=r"none\.csv"):
        read_manifest(tmp_path / "none.csv")


def test_sources_in_two_splits_are_found() -> None:
    entries = [entry(0), entry(1, source="a/0", split="tuning"), entry(2), entry(3, source="a/2")]
    assert divided_sources(entries) == {"a/0": ["train", "tuning"]}


def test_a_source_keeps_its_split() -> None:
    names = [f"set/camera {number}" for number in range(2000)]
    few = [split_of(name, tuning_percent=3, validation_percent=0) for name in names]
    more = [split_of(name, tuning_percent=3, validation_percent=10) for name in names]
    assert [name for name, split in zip(names, few, strict=True) if split == "tuning"] == [
        name for name, split in zip(names, more, strict=True) if split == "tuning"
    ]
    assert all(is_held_out(name, 3) == (split == "tuning") for name, split in zip(names, few, strict=True))
    # Of 2,000 fair draws at 3 % and 10 %, five standard deviations are 38 and 67.
    assert abs(few.count("tuning") - 60) < 38
    assert abs(more.count("validation") - 200) < 67
    assert few.count("validation") == 0
