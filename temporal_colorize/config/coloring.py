"""Colours files of a list, wherever they and their outputs are. Heavy imports are inside, as in `building`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.preparing import Prepared
from temporal_colorize.passing import PassingFolder
from temporal_colorize.remote import RemotePath

if TYPE_CHECKING:
    from temporal_colorize.inference.footage import Footage
    from temporal_colorize.inference.report import Report

_KIND = "temporal-colorize-store"  # of the folder of a file that passes


@dataclass(frozen=True)
class ListColoring:
    """Colours one file of a list after the other.

    What is in a store is fetched into a temporary folder of this machine, and what comes of it is put there when it is
    complete, the coloured file last. What a process that was killed left of such a folder, the next one removes.

    Attributes:
        prepared: What colours files.
        into: The folder of the outputs; None for beside their sources.
    """

    prepared: Prepared
    into: Path | RemotePath | None

    def __call__(self, item: "Footage") -> "Report":
        """Colour a file; the report names the output where it is at last."""
        output = item.output(self.into)
        if isinstance(item.source, RemotePath) or isinstance(output, RemotePath):
            return self._from_afar(item.source, output)
        output.parent.mkdir(parents=True, exist_ok=True)
        return self.prepared.colorize(item.source, output)

    def _from_afar(self, source: Path | RemotePath, output: Path | RemotePath) -> "Report":
        with PassingFolder(_KIND) as folder:
            given, made = folder / "source", folder / "output"
            given.mkdir(), made.mkdir()
            local = source.fetch(given) if isinstance(source, RemotePath) else source
            if not isinstance(output, RemotePath):
                output.parent.mkdir(parents=True, exist_ok=True)
                return self.prepared.colorize(local, output)
            return _put(self.prepared.colorize(local, made / output.name), output.parent)


def _put(report: "Report", folder: RemotePath) -> "Report":
    """Put an output and what lies beside it into a store; return its report with the names that they have there."""
    made = report.output.parent
    for file in sorted(made.iterdir(), key=lambda file: file == report.output):
        (folder / file.name).put(file)
    named = {name: getattr(report, name) for name in ("output", "sheet", "confidence")}
    there = {name: folder / path.name for name, path in named.items() if path and path.parent == made}
    return dataclasses.replace(report, **there)
