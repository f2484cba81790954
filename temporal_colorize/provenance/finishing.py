"""Signs outputs and writes their records."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporal_colorize.inference.apart import require_apart
from temporal_colorize.inference.fingerprint import describe
from temporal_colorize.inference.report import Report
from temporal_colorize.inference.statement import SOURCE_TYPE, STATEMENT
from temporal_colorize.provenance.digests import digest
from temporal_colorize.provenance.record import RecordError, usual_path, write
from temporal_colorize.provenance.schema import BESIDE
from temporal_colorize.provenance.signing import Signing
from temporal_colorize.provenance.surroundings import surroundings

_OF_THE_RUN = ("seconds", "kept", "profile")  # what a run that was interrupted has otherwise
_ELSEWHERE = ("output", *BESIDE, "computed", "frame_map", "lossless")
_CHANGED = "{} changed while this ran: not the file any more that was read"


class Provenance:
    """See `inference.finishing.Finishing`.

    Weights and what else colours come from are hashed here, so make one before they are read: a file that is replaced
    while colouring goes on is recorded as it was, and noted.

    Args:
        config: Everything that was asked for; JSON can hold it.
        weights: Their files.
        encoder: Of videos: codec, options, and lossless, whether the luma comes back as it was.
        record: Whether outputs get a record beside them, or where the only one goes.
        given: Other files that colours come from, by option: hints, reference.
        signing: With what outputs are signed; None for not at all.
        reads: Still other files that are read, by option, and
        writes: that are written; none may be written over another.
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
        reads: Mapping[str, Sequence[Path]] | None = None,
        writes: Mapping[str, Path] | None = None,
    ) -> None:
        self._config, self._encoder, self._record, self._signing = config, dict(encoder), record, signing
        self._used = {"weights": list(weights), **(given or {})}
        self._digests = {option: digest(files) for option, files in self._used.items()}
        self._reads, self._writes = {**self._used, **(reads or {})}, dict(writes or {})
        self._sources: list[Path] = []
        self._source: Mapping[str, Any] = {}  # what they were like
        self._notes: list[str] = []

    def begin(self, target: Path, sources: Sequence[Path], beside: Mapping[str, Path | None]) -> None:
        """Refuse an output that cannot be signed, and any that would be written over something."""
        record = self._record_of(target) if self._record else None
        written = {"output": target, **beside, "record": record, **self._writes}
        require_apart(written, {"video": sources, **self._reads})
        if self._signing is not None:
            self._signing.check(target)
        self._sources, self._source, self._notes = list(sources), describe(*sources), []

    def seal(self, part: Path, target: Path, sources: Sequence[Path]) -> None:
        """Sign the file, if it is to be."""
        if self._signing is not None:
            self._notes += self._signing.sign(part, target, sources[0])

    def notes(self) -> list[str]:
        """Name files that are not what they were when they were read, and what is other in the signature."""
        return [*self._notes, *(_CHANGED.format(option) for option in self._changed())]

    def record(self, report: Report, source: Path, files: Sequence[Path]) -> None:
        """Write the record, if there is to be one.

        Raises:
            RecordError: If it cannot be written, or the source is not there any more.
        """
        if not self._record:
            return
        path = self._record_of(report.output)
        try:
            content = self._content(report, source, files)
        except OSError as error:
            raise RecordError(
                f"record={path} cannot be written: {error.filename} is gone ({error.strerror}); the output is complete"
            ) from error
        write(path, content)

    def _record_of(self, output: Path) -> Path:
        return usual_path(output) if self._record is True else self._record

    def _given(self, option: str) -> dict[str, Any]:
        return {"paths": [str(path) for path in self._used[option]], **self._digests[option]}

    def _changed(self) -> Iterator[str]:
        for option, files in {"video": self._sources, **self._used}.items():
            try:
                same = describe(*files) == self._source if option == "video" else digest(files) == self._digests[option]
            except OSError:  # it is gone
                same = False
            if not same:
                yield option

    def _content(self, report: Report, source: Path, files: Sequence[Path]) -> dict[str, Any]:
        done = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
        run = {name: done.pop(name) for name in _OF_THE_RUN}
        return {
            "statement": STATEMENT,
            "digital_source_type": SOURCE_TYPE,
            "output": {"name": report.output.name, **digest([report.output]), "signed": self._signing is not None},
            "source": {"path": str(source.absolute()), **digest(files)},
            "weights": {"path": str(self._used["weights"][0].absolute()), **self._digests["weights"]},
            "given": {name: self._given(name) for name in self._used if name != "weights"},
            "computed": report.computed,
            "surroundings": surroundings(),
            "encoder": self._encoder if report.lossless is None else {"lossless": report.lossless},
            **{name: _known(getattr(report, name)) for name in BESIDE},
            "config": self._config,
            "done": {name: value for name, value in done.items() if name not in _ELSEWHERE},
            "frames": report.frame_map,
            "run": {"finished": datetime.now(UTC).isoformat(timespec="seconds"), **run},
        }


def _known(path: Path | None) -> dict[str, Any] | None:
    return path and {"path": str(path.absolute()), **digest([path])}
