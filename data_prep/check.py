"""Verify a prepared folder against its manifest.

    python -m data_prep.check OUTPUT [--workers N | --ray ADDRESS]

Exit status 2, and a line for each fault: a file that is missing or changed, one that is not listed, a source in two
splits, near-duplicates in two splits.
"""

import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from data_prep.command import Parser, guarded, sha256_of
from data_prep.encode import unseekable
from data_prep.quality import NearDuplicates
from data_prep.spread import Spread, add_options, spreading
from temporal_colorize.data.manifest import MANIFEST, Entry, divided_sources, read_manifest
from temporal_colorize.data.pictures import DataError, Place, decode_picture

_AT_ONCE = 32  # pictures or clips that a worker is given, so that asking costs little beside reading


class _Stored(NamedTuple):
    """What is to be read again, and where it lies; a clip lies where its entry says."""

    entry: Entry
    place: Place | None = None


def faults(root: Path, *, spread: Spread = map) -> Iterator[str]:
    """Yield what is wrong with a prepared folder, one line each; every file is read, by `spread`.

    Raises:
        DataError: If the manifest itself cannot be read.
    """
    entries = read_manifest(root / MANIFEST)
    for source, splits in divided_sources(entries).items():
        yield f"source {source} is in the splits {' and '.join(splits)}"
    yield from _straddling(entries)
    for found in spread(partial(_read_again, root), _some(_all(root, entries))):
        yield from found


def _straddling(entries: Iterable[Entry]) -> Iterator[str]:
    near = NearDuplicates()
    for entry in entries:
        hashes = [int(part, 16) for part in entry.hashes.split("+")]
        if like := near.across(entry.split, hashes):
            yield f"{entry.path}, for {entry.split}, is a near-duplicate of {like} in another split"
        near.add(entry.path, entry.source, entry.split, hashes)


def _all(root: Path, entries: list[Entry]) -> Iterator[str | _Stored]:
    """Yield what is to be read, and, where they belong, the faults that show without reading it."""
    yield from _tars(root, [entry for entry in entries if entry.kind == "picture"])
    yield from _clips(root, [entry for entry in entries if entry.kind == "clip"])


def _some(things: Iterator[str | _Stored]) -> Iterator[list[str | _Stored]]:
    return iter(lambda: list(islice(things, _AT_ONCE)), [])


def _read_again(root: Path, things: list[str | _Stored]) -> list[str]:
    """Return the faults of some, in order."""
    found: list[str] = []
    for thing in things:
        if isinstance(thing, str):
            found.append(thing)
        elif thing.place is not None:
            found += _picture(thing.entry, thing.place.content())
        else:
            found += _clip(thing.entry, root / thing.entry.path)
    return found


def _tars(root: Path, entries: list[Entry]) -> Iterator[str | _Stored]:
    listed = {entry.path: entry for entry in entries}
    for path in sorted(root.glob("pictures/*.tar")):
        try:
            with tarfile.open(path) as tar:
                yield from (_member(path, member, listed) for member in tar)
        except tarfile.TarError as error:
            yield f"pictures/{path.name} is not a tar that can be read: {error}"
    yield from (f"{missing} is missing" for missing in listed)


def _member(path: Path, member: tarfile.TarInfo, listed: dict[str, Entry]) -> str | _Stored:
    name = f"pictures/{path.name}/{member.name}"
    if not member.isfile():
        return f"{name} is a link, a folder or a device"
    entry = listed.pop(name, None)
    if entry is None:
        return f"{name} is not in the manifest"
    return _Stored(entry, Place(path, member.offset_data, member.size))


def _picture(entry: Entry, content: bytes) -> Iterator[str]:
    if len(content) != entry.bytes or sha256_of(content) != entry.sha256:
        yield f"{entry.path} has another content than in the manifest"
        return
    try:
        size = decode_picture(content, entry.path).shape[1::-1]
    except DataError:
        size = None
    if size != (entry.width, entry.height):
        yield f"{entry.path} is {size}, not {entry.width}x{entry.height}"


def _clips(root: Path, entries: list[Entry]) -> Iterator[str | _Stored]:
    listed = {entry.path for entry in entries}
    for path in sorted(root.glob("clips/**/*.mp4")):
        if path.relative_to(root).as_posix() not in listed:
            yield f"{path.relative_to(root).as_posix()} is not in the manifest"
    yield from (_Stored(entry) for entry in entries)


def _clip(entry: Entry, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"{entry.path} is missing"
    elif path.stat().st_size != entry.bytes or sha256_of(path) != entry.sha256:
        yield f"{entry.path} has another content than in the manifest"
    elif why := unseekable(path):
        yield f"{entry.path}: {why}"
    else:
        yield from _clip_size(entry, path)


def _clip_size(entry: Entry, path: Path) -> Iterator[str]:
    import decord

    reader = decord.VideoReader(str(path), num_threads=1)
    height, width, _ = reader[0].shape
    if (len(reader), width, height) != (entry.frames, entry.width, entry.height):
        yield f"{entry.path} is {len(reader)} frames of {width}x{height}, unlike the manifest"


def check(root: Path, *, workers: int = 0, ray: str | None = None) -> None:
    """Print that all is well, or raise a ValueError after a line for each fault; `spreading` explains the options."""
    with spreading(workers=workers, ray=ray) as spread:
        found = list(faults(root, spread=spread))
    if found:
        print("\n".join(found))
        raise ValueError(f"{root}: {len(found)} fault{'s' if len(found) > 1 else ''}, listed above")
    print(f"{root}: all as in the manifest")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = Parser(prog="python -m data_prep.check", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="the prepared folder")
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    guarded(parser, lambda: check(options.pop("output"), **options))


if __name__ == "__main__":
    main()
