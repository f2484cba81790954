"""A prepared folder while it is being added to: its manifest, what was dropped and why, and its files."""

import csv
import fcntl
import io
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from data_prep.command import replacing, sha256_of
from data_prep.make import Made, member_name
from data_prep.quality import NearDuplicates, Rejected
from data_prep.sources import RawItem
from temporal_colorize.data.manifest import MANIFEST, Entry, read_manifest, split_of, write_manifest

DROPPED = "dropped.csv"


class Dropped(NamedTuple):
    """A raw item, or a part of one, that is not in the manifest."""

    set: str
    name: str
    reason: str
    detail: str


class PreparedFolder:
    """What `prepare` adds to, one set after the other.

    Args:
        root: Made if it is not there.
        tuning_percent: Share of the sources for tuning.
        validation_percent: Share of the sources for validation.
    """

    def __init__(self, root: Path, *, tuning_percent: int, validation_percent: int) -> None:
        self.root = root
        self._percents = {"tuning_percent": tuning_percent, "validation_percent": validation_percent}
        self.entries = read_manifest(root / MANIFEST) if (root / MANIFEST).exists() else []
        self.dropped = list(_read_dropped(root / DROPPED))
        self._splits = {entry.source: entry.split for entry in self.entries}
        self._near = NearDuplicates()
        for entry in self.entries:
            self._near.add(entry.path, entry.source, entry.split, [int(part, 16) for part in entry.hashes.split("+")])

    def names(self, set_name: str) -> frozenset[str]:
        """List the raw items of a set that were prepared, or dropped, before."""
        return frozenset(row.name for row in (*self.entries, *self.dropped) if row.set == set_name)

    def known_sources(self, set_name: str, items: Iterable[RawItem]) -> dict[str, str]:
        """Tell which sources have another name here: a scene is named after its first frame, which may be new."""
        known = {row.name: row.source.removeprefix(f"{set_name}/") for row in self.entries if row.set == set_name}
        names: dict[str, str] = {}
        for item in items:
            if item.name in known:
                names.setdefault(item.source, known[item.name])
        return names

    def drop(self, set_name: str, item: RawItem, fault: Rejected) -> None:
        """Note why an item is left out."""
        self.dropped.append(Dropped(set_name, item.name, *fault))

    def admit(self, set_name: str, item: RawItem, made: Made, path: str) -> Entry | None:
        """Give an item its split and its row, unless the folder holds its like already, which is noted."""
        source = f"{set_name}/{item.source}"
        split = self._splits.get(source) or split_of(source, **self._percents)
        if like := self._near.find(source, split, made.hashes):
            self.drop(set_name, item, Rejected("near-duplicate", f"of {like}"))
            return None
        size = made.content.stat().st_size if isinstance(made.content, Path) else len(made.content)
        hashes = "+".join(f"{number:016x}" for number in made.hashes)
        entry = Entry(
            path=path,
            set=set_name,
            source=source,
            split=split,
            kind=item.kind,
            sha256=sha256_of(made.content),
            bytes=size,
            width=made.width,
            height=made.height,
            frames=made.frames,
            name=item.name,
            hashes=hashes,
        )
        self._splits[source] = split
        self._near.add(path, source, split, made.hashes)
        self.entries.append(entry)
        return entry

    def save(self) -> None:
        """Write the manifest and the list of what was dropped, each at once."""
        write_manifest(self.root / MANIFEST, self.entries)
        with replacing(self.root / DROPPED) as part, open(part, "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(Dropped._fields)
            rows.writerows(self.dropped)

    def summary(self) -> str:
        """Count what is there by set and split, and what was dropped by set and reason."""
        kept = Counter((entry.set, entry.kind, entry.split) for entry in self.entries)
        gone = Counter((row.set, row.reason) for row in self.dropped)
        lines = [f"{name}: {count} {kind}s for {split}" for (name, kind, split), count in sorted(kept.items())]
        lines += [f"{name}: {count} dropped, {reason}" for (name, reason), count in sorted(gone.items())]
        return "\n".join(lines)

    @contextmanager
    def pictures(self, set_name: str) -> Iterator["PictureTar"]:
        """Add pictures to a set's tar, which is replaced, with the manifest, when all are there."""
        path = self.root / "pictures" / f"{set_name}.tar"
        with replacing(path) as part, tarfile.open(part, "w") as tar:
            _copy_members(path, tar, {entry.path for entry in self.entries})
            yield PictureTar(self, set_name, tar)
            tar.close()  # complete, its end included, before it takes the old one's place
        self.save()

    def add_clip(self, set_name: str, item: RawItem, made: Made) -> None:
        """Take in a clip's temporary file."""
        target = made.content.with_suffix("")  # without the .part
        if self.admit(set_name, item, made, target.relative_to(self.root).as_posix()):
            os.replace(made.content, target)
        else:
            made.content.unlink()


class PictureTar:
    """A set's tar that is being written."""

    def __init__(self, folder: PreparedFolder, set_name: str, tar: tarfile.TarFile) -> None:
        self._folder, self._set, self._tar = folder, set_name, tar

    def add(self, item: RawItem, made: Made) -> None:
        """Add a picture, unless its like is there already."""
        member = f"{member_name(item.name)}.webp"
        if self._folder.admit(self._set, item, made, f"pictures/{self._set}.tar/{member}"):
            _add_member(self._tar, member, made.content)


def _add_member(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    tar.addfile(info, io.BytesIO(content))


def _copy_members(path: Path, tar: tarfile.TarFile, listed: set[str]) -> None:
    """Copy what the manifest lists; what it does not list is from a run that was killed, and is made again."""
    if not path.exists():
        return
    with tarfile.open(path) as old:
        for member in old:
            if member.isfile() and f"pictures/{path.name}/{member.name}" in listed:
                _add_member(tar, member.name, old.extractfile(member).read())


def _read_dropped(path: Path) -> Iterator[Dropped]:
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            yield from (Dropped(**row) for row in csv.DictReader(file))


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep a second `prepare` out of a folder.

    Raises:
        ValueError: If there is one.
    """
    root.mkdir(parents=True, exist_ok=True)
    with open(root / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{root} is being written to by another prepare: wait for its end") from None
        yield
