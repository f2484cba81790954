"""Which WebDataset shards there are, and how they are opened: on local disk, a web server or an object store."""

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from temporal_colorize.data.pictures import DataError
from temporal_colorize.remote import RemotePath

INDEX = "index.json"
INDEX_VERSION = 1
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
SUFFIXES = {"picture": "webp", "clip": "mp4"}


class Shard(NamedTuple):
    """A tar of samples.

    Attributes:
        url: A path, or what webdataset or fsspec can open.
        kind: picture or clip: what its samples are.
        samples: How many.
        bytes: The tar's size.
        sha256: Of the tar.
    """

    url: str
    kind: str
    samples: int
    bytes: int
    sha256: str

    @property
    def local(self) -> Path | None:
        """Its path if it is a file of this machine."""
        return Path(self.url) if "://" not in self.url and not self.url.startswith("pipe:") else None


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
        with reading(url) as stream:
            content = stream.read()
        index = json.loads(content)
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
    if not _SHA256.fullmatch(row["sha256"]):  # names a file of the cache
        raise DataError(f"data.urls: the index gives {row['name']} no SHA-256: make the shards anew")
    url = place_of(base, row["name"])
    return Shard(url, row["kind"], int(row["samples"]), int(row["bytes"]), row["sha256"])


@contextmanager
def reading(url: str) -> Iterator[BinaryIO]:
    """Open an address, see `open_url`, for a block that reads it, and close it after that.

    Raises:
        OSError: If it cannot be opened or read to its end, whatever the store's library raises.
        ModuleNotFoundError: If a store needs a package that is not installed.
    """
    with closing(open_url(url)) as stream:
        try:
            yield stream
        except OSError:
            raise
        except Exception as error:
            raise OSError(" ".join(str(error).split()) or type(error).__name__) from error


def open_url(url: str) -> BinaryIO:
    """Open with webdataset (files, http by curl, gs, pipe:), or else with fsspec (s3 and many more).

    Raises:
        OSError: If it cannot be opened, for whatever reason a store may have.
        ModuleNotFoundError: If a store needs a package that is not installed; the message says what to type.
    """
    from webdataset.gopen import gopen, gopen_schemes

    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in ("", "file") or scheme in gopen_schemes:
        return gopen(url)
    try:
        return RemotePath(url).open()
    except ValueError as error:
        raise OSError(str(error)) from error
