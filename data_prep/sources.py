"""Adapters of raw data sets: each lists what there is to prepare, and which scene, camera or video it comes from."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from unicodedata import normalize

import numpy as np

from data_prep.encode import fit
from data_prep.quality import scenes_of
from data_prep.spread import Spread
from temporal_colorize.data.pictures import PICTURE_SUFFIXES, DataError, decode_picture

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".3gp"}
)


class RawItem(NamedTuple):
    """A picture or a clip as it was downloaded.

    Attributes:
        name: Its path below the raw folder, the same in every run.
        source: The scene, camera, video or picture it comes from.
        kind: picture or clip.
        files: A picture, a video, or the frames of a clip in their order.
        black: Its monochrome twin, which must show the same.
        rate: Frames a second of a clip of pictures.
        fault: Why it cannot be used, as far as its place tells.
    """

    name: str
    source: str
    kind: str
    files: tuple[Path, ...]
    black: Path | None = None
    rate: int = 24
    fault: str = ""


class Adapter(Protocol):
    """Lists a raw data set."""

    def __call__(self, raw: Path) -> Iterator[RawItem]:
        """Yield the items of a folder in an order that is always the same.

        Raises:
            DataError: If the folder is not laid out as that data set is.
        """
        ...


def human_detection(raw: Path) -> Iterator[RawItem]:
    """List the Kaggle "Human Detection Dataset", whose frames say nothing of their cameras: GROUPED tells them by look.

    Layout, from the paths in public notebooks: `human detection dataset/0/0.png`, `.../1/0.png`.
    """
    folder = _first_folder(raw, ("human detection dataset", "."), holding=("0", "1"))
    files = [file for label in ("0", "1") for file in _files(folder / label, PICTURE_SUFFIXES)]
    yield from _pictures(folder, files)


def paired(raw: Path) -> Iterator[RawItem]:
    """List the Kaggle "Image Colorization Dataset": black and coloured pictures of the same names.

    Layout, from public notebooks: `data/train_black/image0000.jpg`, `data/train_color/image0000.jpg`, and the same
    for test.
    """
    folder = _first_folder(raw, ("data", "."), holding=("train_black", "train_color"))
    for split in ("train", "test"):
        black = {file.name: file for file in _files(folder / f"{split}_black", PICTURE_SUFFIXES)}
        color = {file.name: file for file in _files(folder / f"{split}_color", PICTURE_SUFFIXES)}
        for name in sorted(black.keys() | color.keys(), key=_natural):
            item = _picture(folder, folder / f"{split}_color" / name)
            fault = "" if name in black and name in color else f"no {'black' if name in color else 'coloured'} twin"
            yield item._replace(black=black.get(name), fault=fault)


def artworks(raw: Path) -> Iterator[RawItem]:
    """List the Kaggle "Best Artworks of All Time"; `resized/` holds the same pictures again, smaller, and is not read.

    Layout, from public notebooks: `images/images/Albrecht_Dürer/Albrecht_Dürer_1.jpg`,
    `resized/resized/Albrecht_Dürer_1.jpg`, `artists.csv`. One artist's folder is there twice, once under a name of
    broken characters: near-duplicates, which fall out later.
    """
    folder = _first_folder(raw, ("images/images", "images", "."), holding=())
    if folder == raw and not (raw / "artists.csv").is_file():
        raise DataError(f"{raw} holds neither images/images nor artists.csv: give the unpacked data set's folder")
    artists = sorted(path for path in folder.iterdir() if path.is_dir() and path.name not in ("images", "resized"))
    yield from _pictures(folder, [file for artist in artists for file in _files(artist, PICTURE_SUFFIXES)])


def pictures(raw: Path) -> Iterator[RawItem]:
    """List all pictures below a folder; each is a source of its own."""
    yield from _pictures(raw, _files(raw, PICTURE_SUFFIXES))


def videos(raw: Path) -> Iterator[RawItem]:
    """List all videos below a folder, of any container that FFmpeg reads; each is a source."""
    for file in _files(raw, VIDEO_SUFFIXES):
        name = _name(raw, file)
        yield RawItem(name, name, "clip", (file,))


def davis(raw: Path) -> Iterator[RawItem]:
    """List frame folders as in DAVIS: `JPEGImages/480p/<sequence>/00000.jpg`; other sizes beside 480p are not read.

    Layout from the data set's own documentation (davischallenge.org); its sequences have 24 frames a second.
    """
    places = ("JPEGImages/480p", "DAVIS/JPEGImages/480p", "JPEGImages/Full-Resolution", "JPEGImages", "480p", ".")
    folder = _first_folder(raw, places, holding=())
    for sequence in sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: _natural(path.name)):
        frames = tuple(file for file in _files(sequence, PICTURE_SUFFIXES) if file.parent == sequence)
        if frames:
            yield RawItem(sequence.name, sequence.name, "clip", frames)


ADAPTERS: dict[str, Adapter] = {
    "human-detection": human_detection,
    "paired": paired,
    "artworks": artworks,
    "pictures": pictures,
    "videos": videos,
    "davis": davis,
}


class Regroup(Protocol):
    """Says anew what one source is."""

    def __call__(self, items: Iterable[RawItem], *, spread: Spread = map) -> Iterable[RawItem]:
        """Return the items in their order; what has to be read for it is read by `spread`."""
        ...


def by_file(items: Iterable[RawItem], *, spread: Spread = map) -> Iterable[RawItem]:
    """Leave the sources as they are listed."""
    return items


def by_folder(items: Iterable[RawItem], *, spread: Spread = map) -> Iterator[RawItem]:
    """Make each folder one source: for collections with a folder a camera."""
    for item in items:
        yield item._replace(source=item.name.rpartition("/")[0] or ".")


def by_look(items: Iterable[RawItem], *, spread: Spread = map) -> Iterator[RawItem]:
    """Make pictures that show one scene one source, named after the first of them."""
    items = list(items)
    read = {number: picture for number, picture in enumerate(spread(_try_read, items)) if picture is not None}
    first: dict[int, str] = {}
    scenes = scenes_of(list(read.values())).tolist() if read else []
    sources = {number: first.setdefault(scene, items[number].name) for number, scene in zip(read, scenes, strict=True)}
    for number, item in enumerate(items):
        yield item._replace(source=sources.get(number, item.source))


REGROUP: dict[str, Regroup] = {"file": by_file, "folder": by_folder, "look": by_look}
GROUPED = {"human-detection": "look"}  # kinds whose names do not tell their sources


def _try_read(item: RawItem) -> np.ndarray | None:
    try:
        picture = decode_picture(item.files[0].read_bytes(), item.name)
    except (DataError, OSError):  # said again, and counted, when it is prepared
        return None
    return fit(picture, 64)  # a small copy: there may be many


def _pictures(root: Path, files: Iterable[Path]) -> Iterator[RawItem]:
    return (_picture(root, file) for file in files)


def _picture(root: Path, file: Path) -> RawItem:
    name = _name(root, file)
    return RawItem(name, name, "picture", (file,))


def _name(root: Path, file: Path) -> str:
    return normalize("NFC", file.relative_to(root).as_posix())  # macOS unpacks ü as two characters


def _first_folder(raw: Path, places: Iterable[str], *, holding: tuple[str, ...]) -> Path:
    """Find the first of some places below a folder that is a folder and holds the named ones."""
    for place in places:
        folder = raw / place
        if folder.is_dir() and all((folder / name).is_dir() for name in holding):
            return folder
    wanted = " and ".join(holding) or "anything"
    raise DataError(f"{raw} holds no folders {wanted}: give the folder that the data set was unpacked to")


def _files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    # Archives made on a Mac hold "._name" twins that are no pictures.
    return sorted((path for path in found if not path.name.startswith("._")), key=lambda path: _natural(str(path)))


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort 2.png before 10.png."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
