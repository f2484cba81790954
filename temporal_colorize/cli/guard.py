"""Turns what a user can mend into one line and exit status 2, and keeps secrets out of what nobody foresaw."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from temporal_colorize.cli.interrupt import interrupted, tell
from temporal_colorize.cli.unheard import finish_unheard
from temporal_colorize.config.messages import notes_of, one_line, print_failure


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
    except KeyboardInterrupt as error:
        _end(error)
    except (ValueError, ModuleNotFoundError) as error:
        _refuse(error)
    except Exception as error:
        if interrupted():
            _end(error)
        cause = error.__cause__
        if type(error).__module__.startswith(("hydra.", "omegaconf.")):
            _refuse(cause if isinstance(cause, ValueError | ModuleNotFoundError) else error)
        raise


def _end(error: BaseException) -> NoReturn:
    tell(*notes_of(error))
    sys.exit(130)


def _refuse(error: BaseException) -> NoReturn:
    if os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
        raise error
    print(f"{_program()}: error: {one_line(error)}", file=sys.stderr)
    sys.exit(2)


def _program() -> str:
    return Path(sys.argv[0]).name


def _print_of_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_type is not SystemExit:  # which ends a thread in silence
        print(f"Exception in thread {given.thread.name if given.thread else 'unknown'}:", file=sys.stderr)
        print_failure(given.exc_value or given.exc_type())
