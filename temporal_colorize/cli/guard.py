"""Turns what a user can mend into one line and exit status 2."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from temporal_colorize.cli.interrupt import interrupted, tell


def guarded(run: Callable[[], None]) -> None:
    """Run, and turn what a user can mend into one line and exit status 2."""
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
    tell(*_notes(error))
    sys.exit(130)


def _refuse(error: BaseException) -> NoReturn:
    if os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
        raise error
    print(f"{_program()}: error: {one_line(error)}", file=sys.stderr)
    sys.exit(2)


def _program() -> str:
    return Path(sys.argv[0]).name


def one_line(error: BaseException) -> str:
    """Say an error in one line, without what is secret in addresses."""
    message, _, _ = str(error).partition("Config search path:")  # where Hydra looked, which helps nobody here
    line = "; ".join([" ".join(message.split()), *_notes(error)])
    if "://" not in line:
        return line
    from temporal_colorize.video.live.addresses import scrubbed  # comes with much that most errors have no need of

    return scrubbed(line)


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])
