"""The one error that video files end in."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path


class VideoError(ValueError):
    """A video file that cannot be read or written; its text is one line that names the file and says what to do."""


class DiskError(VideoError):
    """What the operating system refuses (a full disk, a mount that is missing); another time or machine may not."""


def reason(error: Exception) -> str:
    """Shorten an exception of the operating system or of FFmpeg to its cause, without path and numbers."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def require_readable(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a file that can be opened and is not empty.

    The path is absolute so that FFmpeg cannot take ``cam3:north.mp4`` for an address.

    Raises:
        VideoError: if it is missing, a folder, empty, or not readable.
    """
    try:
        if not stat.S_ISREG(mode := os.stat(path).st_mode) and not stat.S_ISDIR(mode):
            raise VideoError(f"{path}: this is no file but a pipe or a device; name a video file")  # some never end
        with open(path, "rb") as file:
            first = file.read(1)
    except FileNotFoundError:
        raise DiskError(f"{path}: there is no such file; check the path") from None
    except VideoError:
        raise
    except IsADirectoryError:
        raise VideoError(f"{path}: this is a folder; name a video file in it") from None
    except (OSError, ValueError) as error:
        raise DiskError(f"{path}: cannot be opened ({reason(error)}); check its permissions") from None
    if not first:
        raise VideoError(f"{path}: the file is empty; copy it again from its source")
    return os.path.abspath(path)


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses in a block into a ``DiskError`` that names the path."""
    try:
        yield
    except OSError as error:
        raise DiskError(f"{path}: {reason(error)}; is the disk full?") from None
