"""Folders and patterns of files: which files they name, and where each one's output goes."""

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_colorize.inference.picture import SUFFIXES as PICTURES
from temporal_colorize.video import VideoError

VIDEOS = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".flv", ".asf",
    ".wmv", ".3gp", ".ogv", ".mxf", ".ivf", ".nut", ".gif", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg",
    ".mjpg", ".dav",
})  # fmt: skip
_MARK = ".color"  # of our own outputs
_MAGIC = "*?["


@dataclass(frozen=True)
class Footage:
    """One file of many.

    Attributes:
        source: The file.
        shown: Its path below the folder or the pattern's first part that has no wildcard.
        stem: What its output's name begins with: its own stem, or its whole name where another file has the same stem.
    """

    source: Path
    shown: Path
    stem: str

    def output(self, folder: Path | None, suffix: str) -> Path:
        """Name its output: beside it, or at the same place below another folder."""
        parent = self.source.parent if folder is None else folder / self.shown.parent
        return parent / f"{self.stem}{_MARK}{suffix}"


def is_many(video: str | Sequence[str]) -> bool:
    """Say whether this names a folder, a pattern or several files, and not one file."""
    if not isinstance(video, str):
        return True
    return os.path.isdir(video) or (not os.path.lexists(video) and any(sign in video for sign in _MAGIC))


def find_footage(video: str | Sequence[str]) -> list[Footage]:
    """List the files of a folder (and the folders in it), of a pattern such as ``footage/**/*.mp4``, or of several.

    In folders, only files whose suffix is that of a video or a picture count. Hidden files, and what this program wrote
    (``clip.color.mp4`` beside ``clip.mp4``), are left out.

    Raises:
        VideoError: If there are none.
    """
    found = {}
    for name in [video] if isinstance(video, str) else video:
        for source, shown in _files_of(name):
            found.setdefault(source, shown)
    kept = {source: shown for source, shown in found.items() if not _is_ours(source)}
    if not kept:
        raise VideoError(f"video={video}: there are no videos or pictures; check the folder or the pattern")
    stems = Counter((source.parent, source.stem) for source in kept)
    return [
        Footage(source, shown, source.stem if stems[source.parent, source.stem] == 1 else source.name)
        for source, shown in sorted(kept.items())
    ]


def _files_of(name: str) -> list[tuple[Path, Path]]:
    if os.path.isdir(name):
        root, paths = Path(name), (Path(found) for found in _glob(f"{glob.escape(name)}/**/*"))
        return [(path, path.relative_to(root)) for path in paths if path.suffix.lower() in VIDEOS | PICTURES]
    if not is_many(name):
        return [(Path(name), Path(Path(name).name))]
    fixed = os.path.dirname(name[: min(name.index(sign) for sign in _MAGIC if sign in name)])
    return [(Path(path), Path(os.path.relpath(path, fixed or "."))) for path in _glob(name)]


def _glob(pattern: str) -> list[str]:
    return [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]


def _is_ours(path: Path) -> bool:
    """Say whether a file is an output of this program that lies beside its source."""
    if not path.stem.endswith(_MARK):
        return False
    original = path.stem.removesuffix(_MARK)
    return any(original in (other.stem, other.name) for other in path.parent.iterdir() if other.is_file())
