"""Pack a prepared folder into WebDataset shards, for sets larger than one machine.

    python -m data_prep.shards OUTPUT SHARDS [--shard-mb 64] [--workers N | --ray ADDRESS]

SHARDS then holds tars of pictures and of clips, each a mixture of all sets, by split, and index.json. Put it on a web
server or an object store, and train with data=shards data.urls=ADDRESS.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import webdataset

from data_prep.command import Parser, guarded, replacing, sha256_of
from data_prep.spread import add_options, spreading
from temporal_colorize.data.manifest import KINDS, MANIFEST, SPLITS, Entry, read_manifest
from temporal_colorize.data.pictures import DataError, FilePictures, Place
from temporal_colorize.data.shard_index import INDEX, INDEX_VERSION, SUFFIXES
from temporal_colorize.options import require_number


class _Shard(NamedTuple):
    """A shard to be written: its file, what is in it, and where that lies."""

    path: Path
    kind: str
    samples: list[tuple[Entry, Place]]


def write_shards(
    output: Path, shards: Path, *, shard_mb: float = 64, seed: int = 0, workers: int = 0, ray: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Write the shards of a prepared folder and their index, which is complete or not there.

    Args:
        output: The prepared folder.
        shards: Where to; made if it is not there. What an earlier run wrote there is replaced.
        shard_mb: Size of a shard in megabytes, passed by up to one sample.
        seed: Of the order that mixes the sets.
        workers: As `spreading` has it, a shard a worker; the files are the same for any number.
        ray: As `spreading` has it, with the same files; the cluster's machines see both folders.

    Returns:
        What the index lists, by split: name, kind, samples, bytes and sha256 of each shard.

    Raises:
        DataError: If the folder is not as its manifest says.
    """
    require_number("--shard-mb", shard_mb, least=0.001)
    with spreading(workers=workers, ray=ray) as spread:
        entries = read_manifest(output / MANIFEST)
        place = _places(output, entries)
        shards.mkdir(parents=True, exist_ok=True)
        (shards / INDEX).unlink(missing_ok=True)
        _clear(shards)
        planned = list(_planned(shards, entries, place, shard_mb, seed))
        rows = list(spread(partial(_write, output), (shard for _, shard in planned)))
    splits: dict[str, list[dict[str, Any]]] = {}
    for (split, _), row in zip(planned, rows, strict=True):
        splits.setdefault(split, []).append(row)
    with replacing(shards / INDEX) as part:
        part.write_text(json.dumps({"version": INDEX_VERSION, "splits": splits}, indent=1))
    return splits


def _clear(shards: Path) -> None:
    """Remove what an earlier run wrote, also of one that was killed."""
    for split, kind in product(SPLITS, KINDS):
        for old in shards.glob(f"{split}-{kind}s-*.tar*"):
            old.unlink()


def _planned(
    shards: Path, entries: Sequence[Entry], place: Callable[[Entry], Place], shard_mb: float, seed: int
) -> Iterator[tuple[str, _Shard]]:
    """Yield each split's shards: what is in one hangs on the manifest alone, not on who writes it."""
    for split, kind in product(SPLITS, KINDS):
        chosen = [entry for entry in entries if (entry.split, entry.kind) == (split, kind)]
        order = np.random.default_rng(seed).permutation(len(chosen)).tolist()
        for number, part in enumerate(_cut((chosen[one] for one in order), shard_mb * 1e6)):
            path = shards.absolute() / f"{split}-{kind}s-{number:06d}.tar"
            yield split, _Shard(path, kind, [(entry, place(entry)) for entry in part])


def _cut(entries: Iterable[Entry], most: float) -> Iterator[list[Entry]]:
    """Cut entries into parts that end as soon as they hold so many bytes."""
    part: list[Entry] = []
    size = 0
    for entry in entries:
        part.append(entry)
        size += entry.bytes
        if size >= most:
            yield part
            part, size = [], 0
    if part:
        yield part


def _places(output: Path, entries: Sequence[Entry]) -> Callable[[Entry], Place]:
    """Give a function that says where an entry's content lies."""
    tars = sorted({output / Path(entry.path).parent for entry in entries if entry.kind == "picture"})
    pictures = FilePictures(tars)
    numbers = {name: number for number, name in enumerate(pictures.names)}

    def place(entry: Entry) -> Place:
        if entry.kind == "clip":
            return Place(output / entry.path, 0, -1)
        number = numbers.get("/".join(Path(entry.path).parts[-2:]))
        if number is None:
            raise _changed(output, entry)
        return pictures.place(number)

    return place


def _changed(output: Path, entry: Entry) -> DataError:
    return DataError(f"{output / entry.path} is not as in the manifest: run python -m data_prep.check {output}")


def _write(output: Path, shard: _Shard) -> dict[str, Any]:
    """Write a shard, all of it or nothing, and describe it."""
    # A fixed time, so that the same content is the same shard; USTAR, the default, has too little room for names.
    options = {"encoder": False, "mtime": 0, "format": "PAX_FORMAT"}
    with replacing(shard.path) as part, part.open("wb") as file, webdataset.TarWriter(file, **options) as writer:
        for entry, place in shard.samples:
            content = place.content()
            if sha256_of(content) != entry.sha256:
                raise _changed(output, entry)
            writer.write({"__key__": f"{entry.set}-{Path(entry.path).stem}", SUFFIXES[shard.kind]: content})
    size, digest = shard.path.stat().st_size, sha256_of(shard.path)
    return {"name": shard.path.name, "kind": shard.kind, "samples": len(shard.samples), "bytes": size, "sha256": digest}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = Parser(prog="python -m data_prep.shards", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="the prepared folder")
    parser.add_argument("shards", type=Path, help="the folder to write the shards to")
    parser.add_argument("--shard-mb", type=float, default=64, help="megabytes a shard (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the order (default: %(default)s)")
    add_options(parser)
    options = vars(parser.parse_args(arguments))

    def run() -> None:
        for split, rows in write_shards(**options).items():
            megabytes = sum(row["bytes"] for row in rows) / 1e6
            print(f"{split}: {sum(row['samples'] for row in rows)} samples, {len(rows)} shards, {megabytes:.1f} MB")

    guarded(parser, run)


if __name__ == "__main__":
    main()
