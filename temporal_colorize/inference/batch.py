"""Many files, one after the other: a failure does not stop the rest, and what is done is not done again."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from temporal_colorize.inference.fingerprint import describe
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.report import Report
from temporal_colorize.video.errors import require_readable


@dataclass
class Outcome:
    """What became of many files.

    Attributes:
        reports: Of those that were coloured.
        before: How many an earlier run had done.
        failures: What was the matter with the others, in a line each that names the file.
    """

    reports: list[Report] = field(default_factory=list)
    before: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.reports) + self.before + len(self.failures)
        parts = [f"{count} file{'s' * (count != 1)}: {len(self.reports)} coloured"]
        parts += [f"{self.before} by an earlier run"] if self.before else []
        parts += [f"{len(self.failures)} failed:"] if self.failures else []
        return "\n  ".join([", ".join(parts), *self.failures])


def colorize_all(
    footage: Sequence[Footage],
    colorize: Callable[[Footage], Report],
    *,
    folder: Path,
    settings: Mapping[str, object],
    resume: bool = True,
) -> Outcome:
    """Colour files in turn, with a line on standard output for each that is done, on standard error for each failure.

    A hidden journal in `folder` names what is done until all of it is: the same call after a kill, or after what was
    wrong has been mended, does only the rest.

    Args:
        footage: The files.
        colorize: Colours one; its error, whatever it is, is this file's failure.
        folder: Where the journal is kept.
        settings: Everything that the outputs depend on; JSON can hold it.
        resume: False to do everything again.
    """
    outcome, journal = Outcome(), _Journal(folder, settings, resume=resume)
    for item in footage:
        try:
            require_readable(item.source)
            if journal.has(item.source):
                outcome.before += 1
                continue
            report = colorize(item)
            journal.add(item.source, report.output)
        except Exception as error:
            if os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
                raise
            outcome.failures.append(_line(item.source, error))
            print(f"failed: {outcome.failures[-1]}", file=sys.stderr, flush=True)
        else:
            outcome.reports.append(report)
            print(report, flush=True)
    if not outcome.failures:
        journal.end()
    return outcome


def _line(source: Path, error: Exception) -> str:
    text = "; ".join([" ".join(str(error).split()), *getattr(error, "__notes__", [])])
    if not isinstance(error, ValueError):
        text = f"{type(error).__name__}: {text}"
    return text if str(source) in text else f"{source}: {text}"


class _Journal:
    """Sources that are done, by content, and their outputs."""

    def __init__(self, folder: Path, settings: Mapping[str, object], *, resume: bool) -> None:
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=6).hexdigest()
        self._path = folder / f".temporal-colorize-{digest}.jsonl"
        if not resume:
            self.end()
        self._done = dict(filter(None, map(_entry, self._lines())))

    def has(self, source: Path) -> bool:
        output = self._done.get(_key(source))
        return output is not None and Path(output).is_file()

    def add(self, source: Path, output: Path) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps({"source": _key(source), "output": str(output.absolute())}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def end(self) -> None:
        self._path.unlink(missing_ok=True)

    def _lines(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.is_file() else []


def _key(source: Path) -> str:
    return f"{source.absolute()} {json.dumps(describe(source))}"


def _entry(line: str) -> tuple[str, str] | None:
    try:
        entry = json.loads(line)
        return entry["source"], entry["output"]
    except (ValueError, KeyError):  # cut off by a kill
        return None
