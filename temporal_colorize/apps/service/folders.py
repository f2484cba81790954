"""Folders of visitors, which nobody else can guess or read, and which do not outlive the service."""

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from temporal_colorize.apps.service.errors import Busy
from temporal_colorize.passing import PassingFolder

_KIND = "temporal-colorize-serve"
_ODD = re.compile(r"[^\w .()+@-]")
_MOST_BYTES = 100  # of a name
_LEAST_BYTES = 4096  # of a file, or of a folder: so are most disks divided


class Folders:
    """A folder for each visitor, below one that belongs to this process and is removed when it ends.

    What an earlier process that was killed has left is removed at the start.

    Args:
        parent: Where to; None for the system's folder for temporary files.
        most_mb: That all files may have, 10^6 bytes, and
        share: of that, those of one visitor.

    Attributes:
        root: The one that all are in.
    """

    def __init__(self, parent: Path | None = None, *, most_mb: float, share: float) -> None:
        self._whole = PassingFolder(_KIND, parent)
        self.root = self._whole.path
        self._of: dict[str, Path] = {}
        self._most_mb, self._share_mb = most_mb, share * most_mb

    def of(self, visitor: str) -> Path:
        """Return a visitor's, and make it where it is new."""
        if visitor not in self._of:
            folder = self.root / secrets.token_urlsafe(16)
            folder.mkdir(mode=0o700)
            self._of[visitor] = folder
        return self._of[visitor]

    def place(self, visitor: str, name: str, *, beside: Path | None = None) -> Path:
        """Name a new file in a folder of its own or beside another of the visitor, as much like `name` as is safe."""
        if beside is not None:
            return inside(self.of(visitor), "beside", beside).parent / safe_name(name)
        folder = self.of(visitor) / secrets.token_urlsafe(16)
        folder.mkdir(mode=0o700)
        return folder / safe_name(name)

    @property
    def left(self) -> float:
        """How many bytes all files together may still have, and the disk has; looks at all of them."""
        return min(self._most_mb * 1e6 - self.size(), shutil.disk_usage(self.root.parent).free)

    def require_room(self, visitor: str) -> None:
        """Raise `Busy` if there is no room for another file of a visitor."""
        if self.left <= 0:
            raise Busy("the server has no room for more files: try again later")
        if self.size(visitor) > self._share_mb * 1e6:
            share = f"{self._share_mb:g} MB"
            raise Busy(f"your files fill your share of the server, {share}: bring a shorter clip, or wait a while")

    def size(self, visitor: str | None = None) -> int:
        """Count the bytes of all files, or of one visitor's: of those with several names once, and of small ones and
        of folders as much as a disk gives them."""
        sizes, of = 0, dict[int, int]()
        for folder, _, files in os.walk(self.root if visitor is None else self._of.get(visitor, "")):
            sizes += _LEAST_BYTES
            for file in files:
                with contextlib.suppress(OSError):
                    found = os.lstat(os.path.join(folder, file))
                    of[found.st_ino] = max(_LEAST_BYTES, found.st_size)
        return sizes + sum(of.values())

    def sweep(self, seconds: float) -> None:
        """Remove what nothing has been written to for so many seconds of the files that lie loose in folders of nobody,
        where those are that still arrive; and their empty folders."""
        before, own = time.time() - seconds, set(self._of.values())
        strays = [one for one in self.root.glob("*/*") if one.parent not in own]
        for stray in strays:
            with contextlib.suppress(OSError):  # a folder that is not empty, or somebody else was first
                if stray.lstat().st_mtime < before:
                    stray.rmdir() if stray.is_dir() else stray.unlink()

    def remove(self, visitor: str) -> None:
        """Remove a visitor's folder, if there is one."""
        folder = self._of.pop(visitor, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything; once more does nothing."""
        self._whole.close()


def safe_name(name: str) -> str:
    """Return a file's name that means nothing to a shell, a number pattern or a list, and ends as it did."""
    name = _ODD.sub("_", re.split(r"[/\\]", name)[-1]).lstrip(". -") or "file"
    stem, suffix = os.path.splitext(name)
    return stem.encode()[: _MOST_BYTES - len(suffix.encode()[:16])].decode(errors="ignore") + suffix[:16]


def inside(folder: Path, option: str, value: object) -> Path:
    """Return a file of a visitor.

    Raises:
        ValueError: If it is none, or in another folder.
    """
    path = Path(value) if isinstance(value, str | os.PathLike) else None
    if path is None or path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        name = path.name if path else str(value)[:40]
        raise ValueError(f"{option}={name} is no file of yours that is here: upload it again")
    return path


def remove_placed(files: Iterable[Path]) -> None:
    """Remove files that `Folders.place` named, and their folders as soon as they are empty."""
    for file in files:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
            file.parent.rmdir()


@contextlib.contextmanager
def removed_if_refused(files: Iterable[Path]) -> Iterator[None]:
    """Remove such files where an error ends the context."""
    try:
        yield
    except BaseException:
        remove_placed(files)
        raise
