"""Turns what a user can mend into one line and exit status 2, and keeps secrets out of what nobody foresaw."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from temporal_colorize.cli.interrupt import interrupted, tell
from temporal_colorize.cli.unheard import finish_unheard
from temporal_colorize.config.messages import notes_of, one_line, print_failure

_FAILED, _REFUSED, INTERRUPTED = 1, 2, 130  # exit statuses
_MENDABLE = ValueError, ModuleNotFoundError


def guarded(run: Callable[[], None]) -> None:
    """Run, and turn what a user can mend into one line and exit status 2.

    Whatever else is raised, here or in a thread, is printed as Python does, without what is secret in addresses. That
    nobody listens any more is no error.
    """
    finish_unheard()
    sys.excepthook = lambda kind, error, trace: print_failure(error)
    if threading.excepthook is threading.__excepthook__:  # or somebody else looks after them, as pytest does
        threading.excepthook = _print_of_thread
    try:
        run()
    except (Exception, KeyboardInterrupt) as error:
        status, line = judged(error)
        if status == INTERRUPTED:
            tell(*notes_of(error))
        elif status == _REFUSED:
            print(f"{_program()}: error: {line}", file=sys.stderr)
        else:
            raise
        sys.exit(status)


def judged(error: BaseException) -> tuple[int, str]:
    """Return the exit status that an error ends the program with, and what it says, in a line without secrets."""
    if isinstance(error, KeyboardInterrupt) or (interrupted() and not isinstance(error, _MENDABLE)):
        return INTERRUPTED, "; ".join(["interrupted", *notes_of(error)])
    mendable = _mendable(error)
    if mendable is not None and not os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
        return _REFUSED, one_line(mendable)
    return _FAILED, one_line(error) if mendable else f"{type(error).__name__}: {one_line(error)}"


def _mendable(error: BaseException) -> BaseException | None:
    """Return what of an error a user can mend; None if nothing is."""
    if isinstance(error, _MENDABLE):
        return error
    if not type(error).__module__.startswith(("hydra.", "omegaconf.")):
        return None
    return error.__cause__ if isinstance(error.__cause__, _MENDABLE) else error


def _program() -> str:
    return Path(sys.argv[0]).name


def _print_of_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_type is not SystemExit:  # which ends a thread in silence
        print(f"Exception in thread {given.thread.name if given.thread else 'unknown'}:", file=sys.stderr)
        print_failure(given.exc_value or given.exc_type())
