"""What is done with an output when it is complete, by whoever asks for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from temporal_colorize.inference.apart import require_apart
from temporal_colorize.inference.report import Report


class Finishing(Protocol):
    """Signs outputs and writes records of them, one after the other."""

    def begin(self, target: Path, sources: Sequence[Path], beside: Mapping[str, Path | None]) -> None:
        """Refuse, by a ValueError in one line, what could not be done later. Called before any work.

        Args:
            target: The output.
            sources: What is read: several files where it is numbered pictures.
            beside: What else is written, by option; None for what is not.
        """
        ...

    def seal(self, part: Path, target: Path, sources: Sequence[Path]) -> None:
        """Do what changes the file, before it takes its name: `part` will be `target`."""
        ...

    def notes(self) -> list[str]:
        """Say what is other than it was at the beginning, or than asked, in a line each. Called when all is written."""
        ...

    def record(self, report: Report, source: Path, files: Sequence[Path]) -> None:
        """Write down what was done. Called when the output has its name; after a kill in between, called again.

        `source` was asked for and `files` were read: several where it is numbered pictures.
        """
        ...


def begin(
    finishing: Finishing | None, target: Path, sources: Sequence[Path], beside: Mapping[str, Path | None]
) -> None:
    """Refuse what cannot be written, or would be written over something, with or without a `Finishing`.

    Raises:
        ValueError: In one line.
    """
    if finishing is None:
        require_apart({"output": target, **beside}, {"video": sources})
    else:
        finishing.begin(target, sources, beside)
