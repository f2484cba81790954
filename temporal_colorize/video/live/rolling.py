"""Files of an output whose name has fields of the date and the time: which there are, and which are too many."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

_FIELD = re.compile(r"%[a-zA-Z]")
_DIRECTIVE = re.compile(r"%(%|[-_^#0EO]?[a-zA-Z])")  # all that strftime knows
_DIGITS = {"Y": 4, "j": 3, "f": 6, **dict.fromkeys("mdHIMSyUWV", 2)}


def is_rolling(output: str) -> bool:
    """Tell whether an output is one file after the other."""
    return _FIELD.search(output) is not None


def finished(output: str) -> list[Path]:
    """List the complete files of an output, whichever run wrote them, the oldest first.

    A name counts if it could be one of this output's: digits where it has digits, and "-2" and so on at its end. Links,
    folders, and what the name does not fit are never among them.
    """
    return sorted(_found(output), key=lambda path: (path.stat().st_mtime_ns, path))


def left_over(output: str) -> list[Path]:
    """List the files of an output that a killed run has not finished, by name."""
    return sorted(_found(output, before=".", after=".part"))


def delete_oldest(output: str, most: int, *, newest: Path) -> None:
    """Delete the oldest complete files of an output until there are at most so many, but never the newest.

    Raises:
        OSError: If one cannot be deleted.
    """
    others = [path for path in finished(output) if path != newest]
    for path in others[: max(0, len(others) + 1 - most)]:
        path.unlink(missing_ok=True)


def _found(output: str, *, before: str = "", after: str = "") -> Iterator[Path]:
    """Find files by the output's name, with something before and after the name itself, not its folder."""
    path = Path(output)
    folder, stem, suffix = os.path.dirname(path), before + path.stem, path.suffix + after
    own = re.compile(_with_fields(os.path.join(folder, stem), re.escape, _digits) + rf"(-[1-9]\d*)?{re.escape(suffix)}")
    wild = _with_fields(os.path.join(folder, stem), glob.escape, lambda _: "*") + f"*{glob.escape(suffix)}"
    for name in glob.iglob(wild, include_hidden=True):
        if own.fullmatch(name) and os.path.isfile(name) and not os.path.islink(name):
            yield Path(name)


def _with_fields(text: str, literal: Callable[[str], str], field: Callable[[str], str]) -> str:
    """Translate a name's fields one way, and what stands between them another."""
    parts = _DIRECTIVE.split(text)
    return "".join(field(part) if place % 2 and part != "%" else literal(part) for place, part in enumerate(parts))


def _digits(field: str) -> str:
    return rf"\d{{{_DIGITS[field]}}}" if field in _DIGITS else "[^/]+"
