"""Samples of WebDataset shards, streamed from local disk, a web server or an object store."""

import itertools
import json
import re
import tarfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from temporal_colorize.data.pictures import DataError

INDEX = "index.json"
INDEX_VERSION = 1
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
SUFFIXES = {"picture": "webp", "clip": "mp4"}


class Shard(NamedTuple):
    """A tar of samples.

    Attributes:
        url: A path, or what webdataset or fsspec can open.
        kind: picture or clip: what its samples are.
        samples: How many.
    """

    url: str
    kind: str
    samples: int


def place_of(base: str, name: str) -> str:
    """Say where a file of a shard folder is.

    Args:
        base: The folder, or its index: a path or an address such as `https://` or `s3://`; or a template in which `{}`
            stands for the file's name, for signed addresses and `pipe:` commands.
        name: A file in it.
    """
    if "{}" in base:
        return base.replace("{}", name)
    folder = base.removesuffix(INDEX).rstrip("/")
    return f"{folder}/{name}" if "://" in base else str(Path(folder or ".").absolute() / name)


def read_index(base: str) -> dict[str, list[Shard]]:
    """Read the list of a shard folder: {split: shards}.

    Raises:
        DataError: If it cannot be read.
    """
    url = place_of(base, INDEX)
    try:
        with closing(_open(url)) as stream:
            index = json.loads(stream.read())
        if index["version"] != INDEX_VERSION:
            raise DataError(f"data.urls: {url} is of version {index['version']}: make the shards anew")
        return {split: [_shard(base, row) for row in rows] for split, rows in index["splits"].items()}
    except (OSError, ImportError, LookupError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"data.urls: {url} is not an index of shards that can be read: {error}") from error


def _shard(base: str, row: dict[str, Any]) -> Shard:
    # It is put into paths, addresses and, by a template, into shell commands.
    if not _NAME.fullmatch(row["name"]) or ".." in row["name"]:
        raise DataError(
            f"data.urls: the index names a shard {row['name']!r}: letters, digits, '.', '_', '-' and folders"
        )
    return Shard(place_of(base, row["name"]), row["kind"], int(row["samples"]))


def _open(url: str) -> BinaryIO:
    """Open with webdataset (files, http by curl, gs, pipe:), or else with fsspec (s3 and many more)."""
    from webdataset.gopen import gopen, gopen_schemes

    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in ("", "file") or scheme in gopen_schemes:
        return gopen(url)
    import fsspec

    return fsspec.open(url, "rb").open()


class Reader(NamedTuple):
    """Which of the processes that share the shards this one is, over all nodes and loader workers."""

    number: int
    count: int

    @classmethod
    def current(cls) -> "Reader":
        from webdataset.utils import pytorch_worker_info

        rank, nodes, worker, workers = pytorch_worker_info()
        return cls(rank * workers + worker, nodes * workers)


def stream(shards: Sequence[Shard], *, seed: Sequence[int], reader: Reader) -> Iterator[tuple[str, bytes]]:
    """Yield a reader's samples, name and content, round after round, without end.

    Raises:
        DataError: If a whole round yields nothing.
    """
    for number in itertools.count():
        found = 0
        for sample in one_round(shards, seed=[*seed, number], reader=reader):
            found += 1
            yield sample
        if not found:
            raise DataError(f"no sample in {len(shards)} shards, the first {shards[0].url}; check data.urls")


def one_round(shards: Sequence[Shard], *, seed: Sequence[int], reader: Reader) -> Iterator[tuple[str, bytes]]:
    """Yield a reader's part of all samples, in the order of the shards that the seed draws.

    Every reader has shards of its own, or, where there are fewer shards than readers, samples of its own. A shard that
    cannot be read to its end is left with a warning.
    """
    order = [shards[place] for place in np.random.default_rng(seed).permutation(len(shards)).tolist()]
    if len(shards) < reader.count:
        yield from itertools.islice(_readable(order), reader.number, None, reader.count)
    else:
        yield from _readable(order[reader.number :: reader.count])


def _readable(shards: Sequence[Shard]) -> Iterator[tuple[str, bytes]]:
    for shard in shards:
        try:
            yield from _samples(shard)
        except (OSError, tarfile.TarError, ValueError) as error:
            warnings.warn(f"left out of the training: {shard.url} cannot be read: {error}", stacklevel=2)


def _samples(shard: Shard) -> Iterator[tuple[str, bytes]]:
    from webdataset.tariterators import group_by_keys, tar_file_expander

    suffix = SUFFIXES[shard.kind]
    with closing(_open(shard.url)) as opened:
        for sample in group_by_keys(tar_file_expander([{"url": shard.url, "stream": opened}])):
            if suffix in sample:
                yield f"{sample['__key__']}.{suffix}", sample[suffix]
