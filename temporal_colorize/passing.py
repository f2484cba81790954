"""A folder for temporary files that does not outlive its process for long, though that be killed."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import threading
from pathlib import Path
from types import TracebackType

_LOCK = ".lock"


class PassingFolder:
    """A folder that belongs to this process; as a context manager it yields its path, and removes it in the end.

    Those of the same kind that processes of this user have left behind, as they were killed, are removed first.

    Args:
        kind: How its name begins: what has it.
        parent: Where to; None for the system's folder for temporary files.

    Attributes:
        path: Where it is.
    """

    def __init__(self, kind: str, parent: Path | None = None) -> None:
        parent = Path(tempfile.gettempdir() if parent is None else parent)
        _remove_stale(parent, kind)
        made = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=parent))
        self._lock: int | None = _locked(made / _LOCK)
        self.path = made.rename(made.with_name(made.name[1:]))  # from here on it may be found, and is locked
        self._closing = threading.Lock()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove it with all that is in it; once more does nothing."""
        with self._closing:  # two threads may, where a server ends
            shutil.rmtree(self.path, ignore_errors=True)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_stale(parent: Path, kind: str) -> None:
    for folder in parent.glob(f"{kind}-*"):
        with contextlib.suppress(OSError):  # it is another's, or in use
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                lock = _locked(folder / _LOCK)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
