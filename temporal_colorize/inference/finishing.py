"""What is done with an output when it is complete, by whoever asks for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from temporal_colorize.inference.report import Report


class Finishing(Protocol):
    """Signs outputs and writes records of them."""

    def check(self, target: Path) -> None:
        """Refuse, by a ValueError in one line, what could not be done later."""
        ...

    def seal(self, part: Path, target: Path, sources: Sequence[Path]) -> None:
        """Do what changes the file, before it takes its name: `part` will be `target`."""
        ...

    def record(self, report: Report, source: Path, files: Sequence[Path]) -> None:
        """Write down what was done. Called when the output has its name; after a kill in between, called again.

        `source` was asked for and `files` were read: several where it is numbered pictures.
        """
        ...
