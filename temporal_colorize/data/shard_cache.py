"""Shards of other machines as files of this one: fetched once, shared by loader workers, devices and runs."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from temporal_colorize.data.pictures import DataError
from temporal_colorize.data.shard_index import Shard, reading
from temporal_colorize.options import require_number

AUTO = "auto"
_TRIES, _PAUSE = 3, 1.0  # seconds, doubled after every failure
_PIECE = 1 << 20  # bytes
_FETCHERS = 2  # at once, of a process


class ShardCache:
    """A folder of shards, each named by its SHA-256 and there as a whole or not at all.

    A shard that is wanted by several processes is fetched by one, and the others wait. Whoever has fetched one removes
    those that have not been used for longest, until the folder is within its limit; who reads one of them goes on.

    Args:
        folder: "auto" for the user's own, or a path; made when the first shard is fetched.
        gigabytes: How much it may hold.
    """

    def __init__(self, folder: str, *, gigabytes: float) -> None:
        require_number("data.cache_gb", gigabytes, least=0)
        users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "temporal-colorize" / "shards"
        self.folder, self.most = users if folder == AUTO else Path(folder), gigabytes * 1e9
        self._under_way: set[str] = set()
        self._fetchers: threading.Semaphore | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_fetchers": None, "_under_way": set()}  # of this process alone

    def check(self, shards: Iterable[Shard], *, at_once: int) -> None:
        """Refuse a limit that the largest shards that are read at once, twice over, do not fit in.

        Raises:
            ValueError: In that case, or if the folder cannot be written to.
        """
        sizes = sorted((shard.bytes for shard in shards if shard.local is None), reverse=True)
        needed = min(sum(sizes[: 2 * at_once]), sum(sizes))
        if needed > self.most:
            raise ValueError(
                f"data.cache_gb={self.most / 1e9:g} is too little for {at_once} streams at once: "
                f"{needed / 1e9:.3g} is the least; or lower data.streams"
            )
        if sizes:
            with contextlib.suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK):
                raise ValueError(f"data.cache={self.folder} is not a folder that can be written to: choose another")

    def open(self, shard: Shard) -> BinaryIO:
        """Open a shard, and fetch it before if need be.

        Raises:
            DataError: If it cannot be had, or is not what its index says.
        """
        if shard.local is not None:
            return self._open_local(shard.local, shard)
        path = self._path(shard)
        for _ in range(_TRIES):
            self._fetch(shard)
            with contextlib.suppress(FileNotFoundError):  # removed in between, for want of room
                os.utime(path)  # used just now
                return open(path, "rb")
        raise DataError(f"{path} is removed as soon as it is there: raise data.cache_gb={self.most / 1e9:g}")

    def fetch_ahead(self, shards: Iterable[Shard]) -> None:
        """Fetch what is not there, in the background; what fails is tried again when it is opened."""
        self._fetchers = self._fetchers or threading.Semaphore(_FETCHERS)
        for shard in shards:
            if shard.local is None and shard.sha256 not in self._under_way and not self._path(shard).exists():
                self._under_way.add(shard.sha256)
                threading.Thread(target=self._fetch_quietly, args=(shard,), daemon=True, name="shards").start()

    def _fetch_quietly(self, shard: Shard) -> None:
        try:
            with self._fetchers, contextlib.suppress(DataError):
                self._fetch(shard)
        finally:
            self._under_way.discard(shard.sha256)

    def _path(self, shard: Shard) -> Path:
        return self.folder / f"{shard.sha256}.tar"

    @staticmethod
    def _open_local(path: Path, shard: Shard) -> BinaryIO:
        try:
            if path.stat().st_size != shard.bytes:
                raise DataError(f"{path} has {path.stat().st_size} bytes, {shard.bytes} by its index")
            return open(path, "rb")
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error

    def _fetch(self, shard: Shard) -> None:
        path = self._path(shard)
        if path.exists():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock")):
                if not path.exists():
                    _download(shard, path)
            with _locked(self.folder / "room.lock"):
                self._make_room(path)
        except OSError as error:
            raise DataError(f"{shard.url} cannot be read: {error}") from error

    def _make_room(self, newest: Path) -> None:
        files = sorted((path for path in self.folder.glob("*.tar")), key=lambda path: path.stat().st_mtime_ns)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total <= self.most:
                return
            if path != newest:
                total -= path.stat().st_size
                path.unlink()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing it does not, where a process was forked meanwhile


def _download(shard: Shard, path: Path) -> None:
    """Fetch a shard, several times if need be, into a file that takes its name when it is complete and right."""
    part = path.with_suffix(".part")  # of whoever has the lock
    for number in range(1, _TRIES + 1):
        try:
            if _copy(shard.url, part) != shard.sha256:
                raise OSError("its SHA-256 is not that of its index")
            os.replace(part, path)
            return
        except OSError:
            if number == _TRIES:
                raise
            time.sleep(_PAUSE * 2 ** (number - 1))
        finally:
            part.unlink(missing_ok=True)


def _copy(url: str, path: Path) -> str:
    with open(path, "wb") as file, reading(url) as stream:
        shutil.copyfileobj(stream, file, _PIECE)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
