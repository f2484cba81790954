"""Keeps the threads of each worker on cores of its own."""

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

_BEAT = 0.05  # seconds between two looks


def take_cores(count: int, *, patience: float = 3.0) -> list[IO[str]]:
    """Keep this thread, and those that it will start, on so many cores that no other worker of this user has taken.

    Args:
        count: How many.
        patience: Seconds to wait for them: a worker that this one replaces may not have ended yet.

    Returns:
        What holds them: they are free again when it is closed, or the process ends. Empty where so many are not free,
        or the system does not know of such things; then nothing is changed.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    folder = Path(tempfile.gettempdir(), f"temporal-colorize-cores-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    taken: dict[int, IO[str]] = {}
    own, deadline = sorted(os.sched_getaffinity(0)), time.monotonic() + patience
    while len(taken) < count <= len(own):
        for core in own:
            if len(taken) < count and core not in taken and (lock := _lock(folder / str(core))) is not None:
                taken[core] = lock
        if len(taken) < count and time.monotonic() > deadline:
            break
        time.sleep(_BEAT)
    if len(taken) < count:
        return []
    os.sched_setaffinity(0, taken)
    return list(taken.values())


def _lock(path: Path) -> IO[str] | None:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
