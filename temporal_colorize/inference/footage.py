"""Folders and patterns of files: which files they name, and where each one's output goes."""

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_colorize.inference.picture import SUFFIXES as PICTURES
from temporal_colorize.inference.video_options import USUAL_SUFFIX
from temporal_colorize.video import VideoError

VIDEOS = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".flv", ".asf",
    ".wmv", ".3gp", ".ogv", ".mxf", ".ivf", ".nut", ".gif", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg",
    ".mjpg", ".dav",
})  # fmt: skip
_MARK = ".color"  # of our own outputs
# A stem of them: a number where there are variants; the last is what the notebook's panel calls a confidence video.
_OURS = re.compile(r"(.+)\.(?:color(?:\.\d+)?(?:\.\w+\.sheet)?|confidence)")
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

    @property
    def root(self) -> Path:
        """The folder that `shown` is below."""
        return self.source.parents[len(self.shown.parts) - 1]

    def output(self, folder: Path | None) -> Path:
        """Name its output, of the usual suffix: beside it, or at the same place below another folder."""
        parent = self.source.parent if folder is None else folder / self.shown.parent
        return parent / f"{self.stem}{_MARK}{USUAL_SUFFIX}"


def is_many(video: str | Sequence[str]) -> bool:
    """Say whether this names a folder, a pattern or several files, and not one file."""
    if not isinstance(video, str):
        return True
    return os.path.isdir(video) or (not os.path.lexists(video) and any(sign in video for sign in _MAGIC))


def find_footage(video: str | Sequence[str], output: str | None = None) -> list[Footage]:
    """List the files of a folder (and the folders in it), of a pattern such as ``footage/**/*.mp4``, or of several.

    In folders, only files whose suffix is that of a video or a picture count. Hidden files, and what this program wrote
    (see `is_ours`, and all that is below the output folder), are left out.

    Raises:
        VideoError: If there are none.
    """
    if isinstance(video, str):
        root, found = _root(video), _files_of(video)
    else:
        found = sorted({Path(os.path.abspath(path)) for name in video for path in _files_of(name)})
        root = Path(os.path.commonpath([path.parent for path in found])) if found else Path()
    into = None if output is None else Path(output).resolve()
    kept = [path for path in found if not is_ours(path) and not (into and _is_below(path, into, root))]
    if not kept:
        raise VideoError(f"video={video}: there are no videos or pictures; check the folder or the pattern")
    return [Footage(path, path.relative_to(root), name) for path, name in zip(kept, _names(kept), strict=True)]


def is_ours(path: Path) -> bool:
    """Say whether a file is an output of ours that lies beside its source: ``clip.color.mp4`` beside ``clip.mp4``."""
    if not (match := _OURS.fullmatch(path.stem)):
        return False
    return any(match[1] in (other.stem, other.name) for other in path.parent.iterdir() if other.is_file())


def _root(name: str) -> Path:
    """Return the folder, or the first part of a pattern that has no wildcard, or a file's folder."""
    if os.path.isdir(name):
        return Path(name)
    fixed = name[: min(name.index(sign) for sign in _MAGIC if sign in name)] if is_many(name) else name
    return Path(os.path.dirname(fixed))


def _files_of(name: str) -> list[Path]:
    if os.path.isdir(name):
        paths = map(Path, _glob(f"{glob.escape(name)}/**/*"))
        return sorted(path for path in paths if path.suffix.lower() in VIDEOS | PICTURES)
    return sorted(map(Path, _glob(name))) if is_many(name) else [Path(name)]


def _names(sources: Sequence[Path]) -> list[str]:
    """Name outputs by stems, but by whole names in folders where stems, or a stem and a whole name, would meet."""
    names = {source: source.stem for source in sources}
    while met := [
        key for key, count in Counter((path.parent, name) for path, name in names.items()).items() if count > 1
    ]:
        names.update({path: path.name for path, name in names.items() if (path.parent, name) in met})
    return list(names.values())


def _is_below(path: Path, output: Path, root: Path) -> bool:
    """Say whether a file lies in an output folder that is itself inside the folder that is searched."""
    return output != root.resolve() and output in path.resolve().parents


def _glob(pattern: str) -> list[str]:
    return [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]
