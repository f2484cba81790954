"""Files in an object store: their names, and what comes from there and goes there.

Objects appear whole or not at all, so what is put there needs no second name on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")
# Schemes of footage, and what fsspec needs for them; shards are read by others, too.
EXTRAS = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class StoreError(ValueError):
    """A store that does not do what it is asked, in one line that names the address; it may another time."""


class RemotePath(PurePosixPath):
    """`s3://bucket/folder/name.mp4`: a name that behaves as a `Path` does, and that reads and writes as one object.

    Raises:
        StoreError: By what asks the store, if that refuses.
        ValueError: Likewise, if there is no such object.
        ModuleNotFoundError: Likewise, if the scheme's library is not installed.
    """

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)

    def __fspath__(self) -> str:
        raise TypeError(f"{self} is no file of this machine")

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.parts[0].removesuffix(":")

    def absolute(self) -> RemotePath:
        """Return itself: there are no relative ones."""
        return self

    def is_file(self) -> bool:
        """Say whether there is such an object now."""
        return self.ask(lambda store: store.isfile(str(self)))

    def is_dir(self) -> bool:
        """Say whether it is a bucket, or other objects' names begin with it."""
        return self.ask(lambda store: store.isdir(str(self)))

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """Yield the objects below it that a pattern such as `**/*.mp4` names, in no order."""
        found = self.ask(lambda store: store.glob(f"{self}/{pattern}", detail=True))
        return (self._of(name) for name, about in found.items() if about["type"] == "file")

    def describe(self) -> dict[str, object]:
        """Describe the object so that it is known again: size, and what the store gives each content."""
        about = self.ask(lambda store: store.info(str(self)))
        version = about.get("ETag") or about.get("etag") or about.get("LastModified") or about.get("updated")
        return {"name": self.name, "bytes": about["size"], "version": str(version)}

    def fetch(self, folder: Path) -> Path:
        """Copy the object into a folder of this machine; return where it is."""
        local = folder / self.name
        self.ask(lambda store: store.get_file(str(self), str(local)))
        return local

    def put(self, local: Path) -> None:
        """Copy a file of this machine there, whole or not at all."""
        self.ask(lambda store: store.put_file(str(local), str(self)))

    def open(self) -> BinaryIO:
        """Open the object to be read from its beginning to its end."""
        return self.ask(lambda store: store.open(str(self), "rb"))

    def ask(self, question: Callable[[AbstractFileSystem], T]) -> T:
        """Ask the store something about the object; return what is answered."""
        try:
            store = _store(str(self))
            store.invalidate_cache()
            return question(store)
        except FileNotFoundError:
            raise ValueError(f"{self}: there is no such object; check the address") from None
        except ModuleNotFoundError:
            raise
        except Exception as error:  # each library has its own
            raise StoreError(f"{self}: the store refuses ({' '.join(str(error).split())})") from None

    def _of(self, name: str) -> RemotePath:
        return RemotePath(f"{self.scheme}://{name}")


class RemoteLines:
    """Lines that are added by any number of programs at once: an object each, below one name."""

    def __init__(self, path: RemotePath) -> None:
        self._path = path

    def read(self) -> list[str]:
        """Return the lines, in no order."""
        names = self._names()
        lines = self._path.ask(lambda store: store.cat(names)) if names else {}
        return [line.decode() for line in lines.values()]

    def add(self, line: str) -> None:
        """Add a line; it counts once this returns."""
        own = self._path / f"{uuid4().hex}.json"
        own.ask(lambda store: store.pipe_file(str(own), line.encode()))

    def remove(self) -> None:
        """Remove them all."""
        if names := self._names():
            self._path.ask(lambda store: store.rm(names))

    def _names(self) -> list[str]:
        return [str(path) for path in self._path.glob("*.json")]


def as_path(name: str) -> Path | RemotePath:
    """Read the name of a file, on this machine or in an object store."""
    return RemotePath(name) if is_remote(name) else Path(name)


def is_remote(name: str) -> bool:
    """Say whether a name is an address in an object store."""
    scheme, mark, _ = name.partition("://")
    return bool(mark) and scheme.lower() in EXTRAS


def _store(address: str) -> AbstractFileSystem:
    """Open a store; who may read it is asked of the environment, as its own tools do (AWS_..., ~/.aws)."""
    import fsspec

    try:
        return fsspec.url_to_fs(address)[0]
    except ImportError as error:
        scheme = address.partition("://")[0]
        needed = "s3fs" if scheme == "s3a" else EXTRAS.get(scheme)
        how = "pip install '.[s3]' in a checkout" if needed == "s3fs" else f"pip install {needed}" if needed else error
        raise ModuleNotFoundError(f"{scheme}:// needs {needed or 'another package'}: {how}", name=needed) from None
