"""Where the segments of a job begin, and the names of its files."""

from pathlib import Path
from typing import NamedTuple

from temporal_colorize.inference.journal import write_bytes
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.video import Position


class Place(NamedTuple):
    """Where a segment begins.

    Attributes:
        number: Of the segment.
        position: Where in the source the one before it ends; None of the first.
        state: The file of what is carried on from that.
        until: Where in the source the next one that is finished begins; None if none is.
    """

    number: int
    position: Position | None
    state: Path | None
    until: Position | None = None


def save_state(path: Path, snapshot: Snapshot) -> None:
    """Write what is carried on; it is on the disk after that."""
    from safetensors.torch import save

    write_bytes(path, save(snapshot))


def load_state(path: Path) -> Snapshot:
    """Read what `save_state` wrote."""
    from safetensors.torch import load_file

    return load_file(path)


def folder_of(target: Path) -> Path:
    """Return where the files of the job of an output are."""
    return target.with_name(f".{target.name}.job")


def segment_path(folder: Path, number: int) -> Path:
    """Return the name of a segment's file in a job's folder."""
    return folder / f"{number:06}.packets"
