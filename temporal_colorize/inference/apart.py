"""Keeps what is written apart from what is read."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


def require_apart(outputs: Mapping[str, Path | None], inputs: Mapping[str, Sequence[Path]]) -> None:
    """Refuse an output that would be written over an input or another output, links to it included.

    Args:
        outputs: By option; None for what is not written.
        inputs: By option, several where it is numbered pictures or graphs of two files.

    Raises:
        ValueError: Naming both.
    """
    known = {_identity(path): f"{option}={path}" for option, path in _each(inputs)}
    for option, path in outputs.items():
        if path is None:
            continue
        if (taken := known.setdefault(_identity(path), f"{option}={path}")) != f"{option}={path}":
            raise ValueError(f"{option}={path} would be written over {taken}; give it another name")


def _each(files: Mapping[str, Sequence[Path]]) -> Iterator[tuple[str, Path]]:
    return ((option, path) for option, paths in files.items() for path in paths)


def _identity(path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
