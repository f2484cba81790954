"""What visitors are told: one line, their own names for their files, and nothing of the server's folders."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from temporal_colorize.apps.service.errors import Busy, TooLarge
from temporal_colorize.config.messages import without_secrets

# The folders before a name, in a text; what follows a letter, a colon or a slash is a share or an address.
_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/:'\",;()\[\]]+/)+")


# What is said to whoever runs infer.py, and what can be done by who does not.
_SAID = (
    (r"above limits\.pixels=\d+; raise it if you trust the file", "larger than what is taken here; make it smaller"),
    (
        r"more than limits\.streams=(\d+) streams; raise it if you trust the file",
        r"more than \1 streams; send the picture and sound alone",
    ),
    (
        r"more than limits\.seconds=(\S+) to read on; raise it if you trust the file",
        r"more than \1 s to read on; encode it anew",
    ),
    (r"at is missing: at which second of (.*)\? at=12\.4s", r"at is missing: at which second of \1?"),
)


def for_visitors(text: str) -> str:
    """Leave out of a refusal what only whoever started the server can do."""
    for said, instead in _SAID:
        text = re.sub(said, instead, text)
    return text


def plain(text: str, root: Path) -> str:
    """Leave out of a text all folders and what is secret in addresses; under `root` their names may be anything."""
    ours = rf"{re.escape(str(root))}(?:/[\w-]+)*/"
    return _FOLDERS.sub("", without_secrets(re.sub(ours, "", text)))


def in_words(error: BaseException, root: Path) -> str:
    """Say an error in one line; its notes are for whoever can repeat a command."""
    return for_visitors(plain(" ".join(str(error).split()), root))


@contextlib.contextmanager
def plainly(root: Path) -> Iterator[None]:
    """Have errors that a visitor can mend say so in one line, without folders."""
    try:
        yield
    except (OSError, ValueError) as error:
        kind = type(error) if isinstance(error, Busy | TooLarge) else ValueError
        raise kind(in_words(error, root)) from None


def without_folders(value: object, root: Path) -> object:
    """Return what JSON can hold, with every text made plain."""
    if isinstance(value, Mapping):
        return {str(name): without_folders(one, root) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_folders(one, root) for one in value]
    if isinstance(value, Path):
        return value.name
    return plain(value, root) if isinstance(value, str) else value
