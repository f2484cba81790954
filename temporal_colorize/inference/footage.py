"""Folders and patterns of files: which files they name, and where each one's output goes."""

import functools
import glob
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from temporal_colorize.inference.picture import SUFFIXES as PICTURES
from temporal_colorize.inference.video_options import USUAL_SUFFIX
from temporal_colorize.remote import RemotePath, as_path, is_remote
from temporal_colorize.video import VideoError
from temporal_colorize.video.live import is_live

VIDEOS = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".flv", ".asf",
    ".wmv", ".3gp", ".ogv", ".mxf", ".ivf", ".nut", ".gif", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg",
    ".mjpg", ".dav",
})  # fmt: skip
_MARK = ".color"  # of our own outputs
# A stem of them: a number where there are variants; the last is what the notebook's panel calls a confidence video.
_OURS = re.compile(r"(.+)\.(?:color(?:\.\d+)?(?:\.\w+\.sheet)?|confidence|\w+\.sheet)")
_MAGIC = "*?["


@dataclass(frozen=True)
class Footage:
    """One file of many.

    Attributes:
        source: The file.
        shown: Its path below the folder or the pattern's first part that has no wildcard.
        stem: What its output's name begins with: its own stem, or its whole name where another file has the same stem.
        target: The output's name, where it was named.
    """

    source: Path | RemotePath
    shown: Path
    stem: str
    target: Path | RemotePath | None = None

    @property
    def root(self) -> Path | RemotePath:
        """The folder that `shown` is below."""
        return self.source.parents[len(self.shown.parts) - 1]

    def output(self, folder: Path | RemotePath | None) -> Path | RemotePath:
        """Name its output, of the usual suffix: beside it, or at the same place below another folder."""
        if self.target is not None:
            return self.target
        parent = self.source.parent if folder is None else folder / self.shown.parent
        return parent / f"{self.stem}{_MARK}{USUAL_SUFFIX}"


def is_many(video: str | Sequence[str]) -> bool:
    """Say whether this names a folder, a pattern or several files, and not one file."""
    if not isinstance(video, str):
        return True
    if is_remote(video):
        return any(sign in video for sign in _MAGIC) or as_path(video).is_dir()
    return os.path.isdir(video) or (not os.path.lexists(video) and any(sign in video for sign in _MAGIC))


def require_one_file(video: str) -> None:
    """Refuse a camera, what lies in a store, and many files.

    Raises:
        ValueError: That says what takes them.
    """
    if is_live(video):
        raise ValueError(f"{video} is a camera: use stream(), or infer.py")
    if is_remote(video) or (is_many(video) and not os.path.isdir(video)):  # a folder is refused where it is opened
        raise ValueError(f"{video} is not one file of this machine: use infer.py, or call file() for each")


def one_file(video: str, output: str | None) -> Footage:
    """Take one file, and the name of its output if that has one, as a list of files has them."""
    source = as_path(video)
    return Footage(source, Path(source.name), source.stem, None if output is None else as_path(output))


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
        found = sorted({_absolute(path) for name in video for path in _files_of(name)})
        root = _common([path.parent for path in found], video) if found else Path()
    into, sources = None if output is None else _absolute(as_path(output)), sources_beside(found)
    kept = [path for path in found if not is_ours(path, sources) and not (into and _is_below(path, into, root))]
    if not kept:
        raise VideoError(f"video={video}: there are no videos or pictures; check the folder or the pattern")
    shown = (Path(*path.parts[len(root.parts) :]) for path in kept)
    return [Footage(*one) for one in zip(kept, shown, _names(kept), strict=True)]


def is_ours(path: Path | RemotePath, sources: Callable[[Path | RemotePath], Set[str]] | None = None) -> bool:
    """Say whether a file is an output of ours that lies beside its source: ``clip.color.mp4`` beside ``clip.mp4``.

    Args:
        path: The file.
        sources: Gives the names in a folder, with and without suffixes; None to look them up.
    """
    match = _OURS.fullmatch(path.stem)
    return match is not None and match[1] in (sources or sources_beside())(path.parent)


def sources_beside(found: Sequence[Path | RemotePath] = ()) -> Callable[[Path | RemotePath], Set[str]]:
    """Return what lists a folder once; of a store, only what was found there."""
    remote: dict[RemotePath, set[str]] = {}
    for path in found:
        if isinstance(path, RemotePath):
            remote.setdefault(path.parent, set()).update((path.stem, path.name))

    @functools.cache
    def names(folder: Path | RemotePath) -> Set[str]:
        if isinstance(folder, RemotePath):
            return remote.get(folder, set())
        return {name for one in folder.iterdir() if one.is_file() for name in (one.stem, one.name)}

    return names


def _absolute(path: Path | RemotePath) -> Path | RemotePath:
    return path if isinstance(path, RemotePath) else Path(os.path.abspath(path))


def _common(folders: Sequence[Path | RemotePath], video: object) -> Path | RemotePath:
    """Return the folder that all are below."""
    kind = type(folders[0])
    if any(type(folder) is not kind for folder in folders):
        raise VideoError(f"video={video}: files of this machine and of a store are two runs: give them apart")
    same = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*(one.parts for one in folders), strict=False))
    return kind(*(parts[0] for parts in same))


def _root(name: str) -> Path | RemotePath:
    """Return the folder, or the first part of a pattern that has no wildcard, or a file's folder."""
    if _is_folder(name):
        return as_path(name)
    fixed = name[: min(name.index(sign) for sign in _MAGIC if sign in name)] if is_many(name) else name
    return as_path(os.path.dirname(fixed))


def _is_folder(name: str) -> bool:
    return os.path.isdir(name) or (is_remote(name) and is_many(name) and not any(sign in name for sign in _MAGIC))


def _files_of(name: str) -> list[Path | RemotePath]:
    if is_remote(name):
        return _objects_of(name)
    if os.path.isdir(name):
        paths = map(Path, _glob(f"{glob.escape(name)}/**/*"))
        return sorted(path for path in paths if path.suffix.lower() in VIDEOS | PICTURES)
    return sorted(map(Path, _glob(name))) if is_many(name) else [Path(name)]


def _objects_of(name: str) -> list[RemotePath]:
    if not is_many(name):
        return [as_path(name)]
    root, folder = _root(name), _is_folder(name)
    found = root.glob("**/*" if folder else name.removeprefix(f"{root}/"))
    return sorted(path for path in found if not folder or path.suffix.lower() in VIDEOS | PICTURES)


def _names(sources: Sequence[Path]) -> list[str]:
    """Name outputs by stems, but by whole names in folders where stems, or a stem and a whole name, would meet."""
    names = {source: source.stem for source in sources}
    while met := [
        key for key, count in Counter((path.parent, name) for path, name in names.items()).items() if count > 1
    ]:
        names.update({path: path.name for path, name in names.items() if (path.parent, name) in met})
    return list(names.values())


def _is_below(path: Path | RemotePath, output: Path | RemotePath, root: Path | RemotePath) -> bool:
    """Say whether a file lies in an output folder that is itself inside the folder that is searched."""
    if isinstance(path, RemotePath):
        return output != root and output in path.parents
    return output.resolve() != root.resolve() and output.resolve() in path.resolve().parents


def _glob(pattern: str) -> list[str]:
    return [path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path)]
