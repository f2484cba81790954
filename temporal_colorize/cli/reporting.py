"""The JSON file of `report=`: what was done, or why nothing was. Heavy imports are inside."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from temporal_colorize.cli.guard import judged

# What a report has; by these one that an earlier run wrote is known.
_KINDS = (
    {"output", "frames", "looks"},
    {"reports", "before", "failures"},
    {"variants"},
    {"cameras"},
    {"error", "status"},
)
_MOST = 2**26  # bytes of one


def write_report(path: Path, content: Mapping[str, object]) -> None:
    """Write what was done.

    Raises:
        ValueError: If that cannot be.
    """
    try:
        path.write_text(json.dumps(content, indent=1, default=str) + "\n")
    except OSError as error:
        raise ValueError(f"report={path} cannot be written ({error.strerror}); the output is complete") from error


@contextlib.contextmanager
def failures_in(report: str | None) -> Iterator[None]:
    """Have what ends a run early stand in its report, too, as the guard judges it: `error`, `status`.

    Only a new file, or a report of an earlier run, is written, and nothing where the report itself is what was wrong.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        write_failure(report, *judged(error))
        raise


def write_failure(report: str | None, status: int, line: str) -> None:
    """Write why a run ended and its exit status, where that loses nothing; whoever cannot write it has said so."""
    if report is None or f"report={report}" in line or not _is_free(Path(report)):
        return
    with contextlib.suppress(OSError):
        Path(report).write_text(json.dumps({"error": line, "status": status}, indent=1) + "\n")


def _is_free(path: Path) -> bool:
    from temporal_colorize.inference.footage import VIDEOS
    from temporal_colorize.inference.picture import SUFFIXES as PICTURES

    if path.suffix.lower() in VIDEOS | PICTURES:
        return False
    try:
        return not path.is_file() or not path.stat().st_size or _is_report(path)
    except OSError:
        return False


def _is_report(path: Path) -> bool:
    if path.stat().st_size > _MOST:
        return False
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and any(kind <= content.keys() for kind in _KINDS)
