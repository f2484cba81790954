"""Has a signal end the program soon, whatever the main thread is doing."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KEPT = "what a job has finished is kept: the same command goes on from there"
_came, _told, _done = threading.Event(), threading.Event(), threading.Event()


def end_soon(*, grace: float = 0.6, note: str = _KEPT, last: Callable[[str], object] = lambda line: None) -> None:
    """Make the first SIGINT, SIGTERM or SIGHUP raise KeyboardInterrupt, and end the program if that does not do it.

    Those that whoever started the program had it ignore (nohup) stay ignored.

    Python handles signals between two steps of the main thread, which a library may keep for many seconds (converting a
    network). What counts is on the disk at any moment, so a hard end loses nothing that was said to be finished.

    Args:
        grace: Seconds in which an orderly end is tried.
        note: What is said of a hard one.
        last: Takes that line before it, unless the interruption has been told by then.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, grace, note, last), name="interrupt", daemon=True).start()


def done() -> None:
    """Say that all is finished: a signal makes no difference any more."""
    _done.set()


def leave() -> NoReturn:
    """End the program with exit status 0 at once: what tears libraries down could only wait, or crash."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(0)


def interrupted() -> bool:
    """Say whether a signal has come; some libraries turn the KeyboardInterrupt into an error of their own."""
    return _came.is_set()


def tell(*notes: str) -> None:
    """Say once that the program was interrupted."""
    if not _told.is_set():
        _told.set()
        with contextlib.suppress(OSError, ValueError):  # whoever listened may have left
            print("; ".join([f"{Path(sys.argv[0]).name}: interrupted", *notes]), file=sys.stderr, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _came.is_set() or _done.is_set():
        return  # it is ending
    _came.set()
    raise KeyboardInterrupt


def _watch(reading: int, grace: float, note: str, last: Callable[[str], object]) -> None:
    while os.read(reading, 1)[0] not in _SIGNALS:  # the numbers of the signals that came
        pass
    if _done.wait(grace):
        return
    if not _told.is_set():  # else it was an orderly end, but for what tears libraries down
        with contextlib.suppress(Exception):
            last(f"interrupted; {note}")
    tell(note)
    os._exit(130)
