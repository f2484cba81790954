"""Signs outputs and writes their records."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporal_colorize.inference.picture import is_picture
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.statement import SOURCE_TYPE, STATEMENT
from temporal_colorize.provenance.digests import digest
from temporal_colorize.provenance.record import usual_path, write
from temporal_colorize.provenance.signing import Signing
from temporal_colorize.provenance.surroundings import surroundings

_OF_THE_RUN = ("seconds", "kept", "profile")  # what a run that was interrupted has otherwise
_ELSEWHERE = ("output", "confidence", "computed", "frame_map")
_LOSSLESS_PICTURES = (".png", ".tif", ".tiff", ".bmp", ".webp")


class Provenance:
    """See `inference.finishing.Finishing`.

    Args:
        config: Everything that was asked for; JSON can hold it.
        weights: Their files.
        encoder: Of videos: codec, options, and lossless, whether the luma comes back as it was.
        record: Whether outputs get a record beside them, or where the only one goes.
        given: Other files that colours come from, by option: hints, reference.
        signing: With what outputs are signed; None for not at all.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        weights: Sequence[Path],
        encoder: Mapping[str, Any],
        *,
        record: bool | Path = True,
        given: Mapping[str, Sequence[Path]] | None = None,
        signing: Signing | None = None,
    ) -> None:
        self._config, self._weights, self._encoder = config, list(weights), dict(encoder)
        self._record, self._given, self._signing = record, dict(given or {}), signing

    def check(self, target: Path) -> None:
        """Refuse an output that cannot be signed."""
        if self._signing is not None:
            self._signing.check(target)

    def seal(self, part: Path, target: Path, sources: Sequence[Path]) -> None:
        """Sign the file, if it is to be."""
        if self._signing is not None:
            self._signing.sign(part, target, sources[0])

    def record(self, report: Report, source: Path, files: Sequence[Path]) -> None:
        """Write the record, if there is to be one."""
        if self._record:
            path = usual_path(report.output) if self._record is True else self._record
            write(path, self._content(report, source, files))

    def _content(self, report: Report, source: Path, files: Sequence[Path]) -> dict[str, Any]:
        done = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
        run = {name: done.pop(name) for name in _OF_THE_RUN}
        lossless = report.output.suffix.lower() in _LOSSLESS_PICTURES
        return {
            "statement": STATEMENT,
            "digital_source_type": SOURCE_TYPE,
            "output": {"name": report.output.name, **digest([report.output]), "signed": self._signing is not None},
            "source": {"path": str(source.absolute()), **digest(files)},
            "weights": {"path": str(self._weights[0].absolute()), **digest(self._weights)},
            "given": {name: {"paths": list(map(str, files)), **digest(files)} for name, files in self._given.items()},
            "computed": report.computed,
            "surroundings": surroundings(),
            "encoder": {"lossless": lossless} if is_picture(report.output) else self._encoder,
            "confidence": report.confidence and {"path": str(report.confidence), **digest([report.confidence])},
            "config": self._config,
            "done": {name: value for name, value in done.items() if name not in _ELSEWHERE},
            "frames": report.frame_map,
            "run": {"finished": datetime.now(UTC).isoformat(timespec="seconds"), **run},
        }
