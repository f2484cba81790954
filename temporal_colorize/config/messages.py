"""Errors in one line, without what is secret in addresses."""

import sys
import traceback
from pathlib import Path

_MOST_CHARACTERS = 300  # of what an error says that is told again
_told: set[str] = set()  # kinds of errors, with the line of code that raised them


def one_line(error: BaseException) -> str:
    """Say an error in one line, without what is secret in addresses."""
    message, _, _ = str(error).partition("Config search path:")  # where Hydra looked, which helps nobody here
    return without_secrets("; ".join([" ".join(message.split()), *notes_of(error)]))


def without_secrets(text: str) -> str:
    """Leave passwords out of the addresses in a text."""
    if "://" not in text:
        return text
    from temporal_colorize.video.live.addresses import redacted_in  # comes with much that most errors have no need of

    return redacted_in(text)


def print_failure(error: BaseException) -> None:
    """Print an error that nobody foresaw as Python does, on standard error, without what is secret in addresses.

    One that comes from where one of its kind came from before is said in a line: a log may be filled on purpose.
    """
    place = _place_of(error)
    if place in _told:
        text = f"{place} again: {one_line(error)[:_MOST_CHARACTERS]}\n"
    else:
        text = without_secrets("".join(traceback.format_exception(error)))
    _told.add(place)
    shown = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)  # no terminal's codes
    print(shown, end="", file=sys.stderr, flush=True)


def _place_of(error: BaseException) -> str:
    """Name the kind of an error, and the line of code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def notes_of(error: BaseException) -> list[str]:
    """Return the notes that were added to an error."""
    return getattr(error, "__notes__", [])
