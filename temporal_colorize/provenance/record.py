"""The record beside an output. docs/provenance.md documents it; `VERSION` grows when a reader must know of a change."""

import contextlib
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from temporal_colorize.provenance.schema import faults

VERSION = 1
KIND = "temporal-colorize provenance"
_MOST_FAULTS = 3  # that are named


class RecordError(ValueError):
    """A record that cannot be written or read; the message names it."""


def usual_path(output: Path) -> Path:
    """Name the record of an output: `clip.color.mp4.json` beside `clip.color.mp4`."""
    return output.with_name(f"{output.name}.json")


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record, in one step.

    Raises:
        RecordError: If it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w") as file:
            json.dump({"record": KIND, "version": VERSION, **content}, file, indent=1, default=str)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise RecordError(f"record={path} cannot be written ({error.strerror}); the output is complete") from error


def read(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises:
        RecordError: If there is none, or it is none that this version can read.
    """
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise RecordError(f"record={path} cannot be read ({error.strerror}); say where it is, or run infer.py again, "
                          "which writes it") from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise RecordError(f"record={path} is no JSON ({error})") from error
    if not isinstance(content, dict) or content.get("record") != KIND:
        raise RecordError(f"record={path} is not a record of temporal-colorize")
    if content.get("version") != VERSION:
        raise RecordError(f"record={path} is of version {content.get('version')}; this program reads {VERSION}")
    if wrong := list(itertools.islice(faults(content), _MOST_FAULTS)):
        raise RecordError(f"record={path} is damaged or was edited: it {', '.join(wrong)}")
    return content
