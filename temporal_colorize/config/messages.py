"""Errors in one line, without what is secret in addresses."""

import sys
import traceback


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
    """Print an error that nobody foresaw as Python does, on standard error, without what is secret in addresses."""
    print(without_secrets("".join(traceback.format_exception(error))), end="", file=sys.stderr, flush=True)


def notes_of(error: BaseException) -> list[str]:
    """Return the notes that were added to an error."""
    return getattr(error, "__notes__", [])
