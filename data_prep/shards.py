"""Pack a prepared folder into WebDataset shards, for sets larger than one machine.

    python -m data_prep.shards OUTPUT SHARDS [--shard-mb 64]

SHARDS then holds tars of pictures and of clips, each a mixture of all sets, by split, and index.json. Put it on a web
server or an object store, and train with data=shards data.urls=ADDRESS.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import webdataset

from data_prep.command import Parser, guarded, replacing, sha256_of
from temporal_colorize.data.manifest import KINDS, MANIFEST, SPLITS, Entry, read_manifest
from temporal_colorize.data.pictures import DataError, FilePictures
from temporal_colorize.data.shard_index import INDEX, INDEX_VERSION, SUFFIXES
from temporal_colorize.options import require_number


def write_shards(output: Path, shards: Path, *, shard_mb: float = 64, seed: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Write the shards of a prepared folder and their index, which is complete or not there.

    Args:
        output: The prepared folder.
        shards: Where to; made if it is not there. What an earlier run wrote there is replaced.
        shard_mb: Size of a shard in megabytes, passed by up to one sample.
        seed: Of the order that mixes the sets.

    Returns:
        What the index lists, by split: name, kind, samples, bytes and sha256 of each shard.

    Raises:
        DataError: If the folder is not as its manifest says.
    """
    require_number("--shard-mb", shard_mb, least=0.001)
    entries = read_manifest(output / MANIFEST)
    read = _reader(output, entries)
    shards.mkdir(parents=True, exist_ok=True)
    (shards / INDEX).unlink(missing_ok=True)
    splits: dict[str, list[dict[str, Any]]] = {}
    for split in SPLITS:
        rows: list[dict[str, Any]] = []
        for kind in KINDS:
            chosen = [entry for entry in entries if (entry.split, entry.kind) == (split, kind)]
            order = np.random.default_rng(seed).permutation(len(chosen)).tolist()
            mixed = ((entry, read(entry)) for entry in (chosen[place] for place in order))
            rows += _write(shards, f"{split}-{kind}s", kind, mixed, shard_mb)
        if rows:
            splits[split] = rows
    with replacing(shards / INDEX) as part:
        part.write_text(json.dumps({"version": INDEX_VERSION, "splits": splits}, indent=1))
    return splits


def _reader(output: Path, entries: Sequence[Entry]) -> Callable[[Entry], bytes]:
    """Give a function that reads an entry's content and compares it with the manifest."""
    tars = sorted({output / Path(entry.path).parent for entry in entries if entry.kind == "picture"})
    pictures = FilePictures(tars)
    numbers = {name: number for number, name in enumerate(pictures.names)}

    def read(entry: Entry) -> bytes:
        number = numbers.get("/".join(Path(entry.path).parts[-2:]))
        if entry.kind == "clip":
            content = (output / entry.path).read_bytes()
        else:
            content = pictures.content(number) if number is not None else b""
        if sha256_of(content) != entry.sha256:
            raise DataError(f"{output / entry.path} is not as in the manifest: run python -m data_prep.check {output}")
        return content

    return read


def _write(
    folder: Path, stem: str, kind: str, contents: Iterable[tuple[Entry, bytes]], shard_mb: float
) -> Iterator[dict[str, Any]]:
    """Write one kind's shards of a split, in place of those of an earlier run, and describe each."""
    for old in folder.glob(f"{stem}-*.tar"):
        old.unlink()
    counts: dict[str, int] = {}
    writer = None
    for entry, content in contents:
        if writer is None:
            writer = _writer(folder, stem, shard_mb)
        writer.write({"__key__": f"{entry.set}-{Path(entry.path).stem}", SUFFIXES[kind]: content})
        counts[writer.fname] = writer.count
    if writer is not None:
        writer.close()
    for name, count in counts.items():
        path = Path(name)
        size, digest = path.stat().st_size, sha256_of(path)
        yield {"name": path.name, "kind": kind, "samples": count, "bytes": size, "sha256": digest}


def _writer(folder: Path, stem: str, shard_mb: float) -> webdataset.ShardWriter:
    pattern = f"{str(folder.absolute()).replace('%', '%%')}/{stem}-%06d.tar"
    # A fixed time, so that the same content is the same shard; USTAR, the default, has too little room for names.
    options = {"encoder": False, "mtime": 0, "format": "PAX_FORMAT"}
    return webdataset.ShardWriter(pattern, maxsize=shard_mb * 1e6, verbose=0, **options)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = Parser(prog="python -m data_prep.shards", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="the prepared folder")
    parser.add_argument("shards", type=Path, help="the folder to write the shards to")
    parser.add_argument("--shard-mb", type=float, default=64, help="megabytes a shard (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the order (default: %(default)s)")
    options = vars(parser.parse_args(arguments))

    def run() -> None:
        for split, rows in write_shards(**options).items():
            megabytes = sum(row["bytes"] for row in rows) / 1e6
            print(f"{split}: {sum(row['samples'] for row in rows)} samples, {len(rows)} shards, {megabytes:.1f} MB")

    guarded(parser, run)


if __name__ == "__main__":
    main()
