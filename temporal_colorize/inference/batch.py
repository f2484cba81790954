"""Many files, in whatever order they are done: a failure does not stop the rest, and what is done is not done again."""

import hashlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from temporal_colorize.inference.fingerprint import describe
from temporal_colorize.inference.footage import Footage
from temporal_colorize.inference.journal import append_line
from temporal_colorize.inference.report import Report
from temporal_colorize.remote import RemoteLines, RemotePath, as_path
from temporal_colorize.video.errors import require_readable

Done = tuple[Footage, Report | Exception]  # a file, and what was done to it or was the matter
Run = Callable[[Iterable[Footage]], Iterator[Done]]  # colours files and yields each when it is done


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


def in_turn(colorize: Callable[[Footage], Report]) -> Run:
    """Have files coloured one after the other, by what colours one; its error, whatever it is, is that file's."""

    def one(item: Footage) -> Report | Exception:
        try:
            return colorize(item)
        except Exception as error:
            return error

    return lambda items: ((item, one(item)) for item in items)


def colorize_all(
    footage: Sequence[Footage],
    run: Run,
    *,
    folder: Path | RemotePath,
    settings: Mapping[str, object],
    resume: bool = True,
) -> Outcome:
    """Colour files, with a line on standard output for each that is done, on standard error for each failure.

    A hidden journal in `folder` names what is done until all of it is: the same call after a kill, or after what was
    wrong has been mended, does only the rest, whoever did the first part.

    Args:
        footage: The files.
        run: Colours them, see `in_turn`; it is given those that are not done.
        folder: Where the journal is kept.
        settings: Everything that the outputs depend on; JSON can hold it.
        resume: False to do everything again.
    """
    outcome, journal = Outcome(), _Journal(folder, settings, resume=resume)
    for item, result in itertools.chain(_unreadable(footage), run(_to_do(footage, journal, outcome))):
        try:
            if isinstance(result, Exception):
                raise result
            journal.add(item.source, result.output)
        except Exception as error:
            if os.environ.get("TEMPORAL_COLORIZE_DEBUG"):
                raise
            outcome.failures.append(_line(item.source, error))
            print(f"failed: {outcome.failures[-1]}", file=sys.stderr, flush=True)
        else:
            outcome.reports.append(result)
            print(result, flush=True)
    if not outcome.failures:
        journal.end()
    return outcome


def _unreadable(footage: Sequence[Footage]) -> Iterator[Done]:
    for item in footage:
        if (error := _refused(item.source)) is not None:
            yield item, error


def _to_do(footage: Sequence[Footage], journal: "_Journal", outcome: Outcome) -> Iterator[Footage]:
    """Yield the files that can be read and that no earlier run has done, and count the others of those."""
    for item in footage:
        if _refused(item.source) is not None:
            continue
        if journal.has(item.source):
            outcome.before += 1
        else:
            yield item


def _refused(source: Path | RemotePath) -> Exception | None:
    if isinstance(source, RemotePath):  # whoever fetches it will find out
        return None
    try:
        require_readable(source)
    except ValueError as error:
        return error
    return None


def _line(source: Path | RemotePath, error: Exception) -> str:
    text = "; ".join([" ".join(str(error).split()), *getattr(error, "__notes__", [])])
    if not isinstance(error, ValueError):
        text = f"{type(error).__name__}: {text}"
    return text if str(source) in text else f"{source}: {text}"


class _Journal:
    """Sources that are done, by content, and their outputs."""

    def __init__(self, folder: Path | RemotePath, settings: Mapping[str, object], *, resume: bool) -> None:
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=6).hexdigest()
        path = folder / f".temporal-colorize-{digest}.jsonl"
        self._lines = RemoteLines(path) if isinstance(path, RemotePath) else _Lines(path)
        if not resume:
            self.end()
        self._done = dict(filter(None, map(_entry, self._lines.read())))
        self._names = {key.partition(' {"name": ')[0] for key in self._done}

    def has(self, source: Path | RemotePath) -> bool:
        """Say whether a source is done; one that cannot be asked about is not."""
        if str(source.absolute()) not in self._names:  # which is known without reading it
            return False
        try:
            output = self._done.get(_key(source))
            return output is not None and as_path(output).is_file()
        except (OSError, ValueError):  # whoever colours it will say what is the matter
            return False

    def add(self, source: Path | RemotePath, output: Path | RemotePath) -> None:
        self._lines.add(json.dumps({"source": _key(source), "output": str(output.absolute())}))

    def end(self) -> None:
        self._lines.remove()


class _Lines:
    """Lines of a file, which one program adds to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.is_file() else []

    def add(self, line: str) -> None:
        append_line(self._path, line)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def _key(source: Path | RemotePath) -> str:
    about = source.describe() if isinstance(source, RemotePath) else describe(source)
    return f"{source.absolute()} {json.dumps(about)}"


def _entry(line: str) -> tuple[str, str] | None:
    try:
        entry = json.loads(line)
        return entry["source"], entry["output"]
    except (ValueError, KeyError):  # cut off by a kill
        return None
