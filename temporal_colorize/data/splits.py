"""Which files of a folder are trained on, and which are kept for tuning."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.manifest import MANIFEST, Entry, divided_sources, read_manifest
from temporal_colorize.data.pictures import PICTURE_SUFFIXES, DataError, FilePictures, is_held_out


class Split(NamedTuple):
    """The pictures and clips of a split."""

    pictures: FilePictures
    videos: VideoClips

    def __bool__(self) -> bool:
        return bool(len(self.pictures) or len(self.videos))


class Splits(NamedTuple):
    """What is trained on, and what is tuned on; the same where there is too little to divide."""

    training: Split
    tuning: Split


def find_splits(root: Path, patterns: Mapping[str, Sequence[str]], *, held_out_percent: int) -> Splits:
    """Divide a folder: by its manifest if it holds one, else by the names of the files that match the patterns.

    Args:
        root: The folder.
        patterns: Globs below root under "pictures" (and tars of them) and "videos".
        held_out_percent: Share of the files kept for tuning, by name; a manifest has its own.

    Raises:
        DataError: If root is not a folder, holds nothing to train on, or its manifest is not to be trusted.
    """
    if not root.is_dir():
        raise DataError(f"data.root={root} is not a folder")
    if (root / MANIFEST).is_file():
        training, tuning = _by_manifest(root)
    else:
        training, tuning = _by_name(root, patterns, held_out_percent)
    return Splits(training or tuning, tuning or training)


def _by_manifest(root: Path) -> tuple[Split, Split]:
    """Take the splits train and tuning; the split validation is neither trained on nor tuned on."""
    entries = read_manifest(root / MANIFEST)
    for source, splits in divided_sources(entries).items():
        raise DataError(f"{root / MANIFEST}: source {source} is in the splits {' and '.join(splits)}")
    pictures = _listed_pictures(root, entries)
    training, tuning = (_listed(root, entries, pictures, name) for name in ("train", "tuning"))
    if not training:
        raise DataError(f"{root / MANIFEST} lists nothing for the split train")
    return training, tuning


def _listed_pictures(root: Path, entries: Sequence[Entry]) -> FilePictures:
    tars = sorted({str(Path(entry.path).parent) for entry in entries if entry.kind == "picture"})
    if missing := [tar for tar in tars if not (root / tar).is_file()]:
        raise DataError(f"{root / missing[0]} is missing: run python -m data_prep.check {root}")
    return FilePictures(root / tar for tar in tars)


def _listed(root: Path, entries: Sequence[Entry], pictures: FilePictures, split: str) -> Split:
    wanted = {"/".join(Path(e.path).parts[-2:]) for e in entries if e.kind == "picture" and e.split == split}
    found = pictures.subset(number for number, name in enumerate(pictures.names) if name in wanted)
    if len(found) != len(wanted):
        raise DataError(
            f"{root} holds {len(found)} of the {len(wanted)} pictures that {MANIFEST} lists for {split}: "
            f"run python -m data_prep.check {root}"
        )
    return Split(found, VideoClips(root / e.path for e in entries if e.kind == "clip" and e.split == split))


def _by_name(root: Path, patterns: Mapping[str, Sequence[str]], percent: int) -> tuple[Split, Split]:
    def files(kind: str, suffixes: frozenset[str]) -> list[Path]:
        found = {path for pattern in patterns[kind] for path in root.glob(pattern)}
        return sorted(path for path in found if path.suffix.lower() in suffixes)

    pictures = FilePictures(files("pictures", PICTURE_SUFFIXES | {".tar"}))
    videos = files("videos", VideoClips.SUFFIXES)
    if not len(pictures) and not videos:
        raise DataError(
            f"data.root={root} holds no picture ({', '.join(patterns['pictures'])}) "
            f"and no clip ({', '.join(patterns['videos'])}): set data.pictures or data.videos"
        )
    held = [is_held_out(name, percent) for name in pictures.names]
    training, tuning = (
        Split(
            pictures.subset(number for number, is_held in enumerate(held) if is_held == kept),
            VideoClips(file for file in videos if is_held_out(file.name, percent) == kept),
        )
        for kept in (False, True)
    )
    return training, tuning
