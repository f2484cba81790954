"""Collections of still pictures: tar files, folders, and the photographs inside scikit-image."""

import functools
import os
import tarfile
import zlib
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import cv2
import numpy as np

from temporal_colorize.video import Limits, picture_size

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


class DataError(ValueError):
    """A picture or a collection of them cannot be used; the message names it."""


class PictureSet(Protocol):
    """Pictures by number."""

    names: list[str]

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> np.ndarray:
        """Return a picture, (H, W, 3) uint8 RGB."""
        ...


def is_held_out(name: str, percent: int) -> bool:
    """Say whether a file or a source belongs to the tuning split, by its name alone, so that no run moves it."""
    return zlib.crc32(name.encode()) % 100 < percent


def decode_picture(content: bytes, name: str) -> np.ndarray:
    """Decode a picture file's content, upright as its EXIF says: (H, W, 3) uint8 RGB.

    Raises:
        DataError: If it is no picture, or one beyond the usual limits; the message has the name.
    """
    size = picture_size(content)
    if size and Limits().refuse_size(*size):
        raise DataError(f"{name} is {'x'.join(map(str, size))}, too large to be decoded; make it smaller")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB) if size else None
    except cv2.error:
        picture = None
    if picture is None:
        raise DataError(f"{name} is not a picture that can be read")
    return picture


class Place(NamedTuple):
    """Where a stored file lies: in another file, from a byte on, so many bytes; -1 for all that follow."""

    file: Path
    offset: int
    size: int

    def content(self) -> bytes:
        """Read it."""
        with open(self.file, "rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.size)


class FilePictures:
    """Pictures in files of their own and in tars, read when asked for."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.names: list[str] = []
        self._places: list[Place] = []
        for file in files:
            for name, offset, size in _members(file):
                self.names.append(name)
                self._places.append(Place(file, offset, size))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> np.ndarray:
        return decode_picture(self.content(number), self.names[number])

    def content(self, number: int) -> bytes:
        """Read a picture's file as it is stored."""
        return self._places[number].content()

    def place(self, number: int) -> Place:
        """Return where a picture's file lies."""
        return self._places[number]

    def subset(self, keep: Iterable[int]) -> "FilePictures":
        """Return the pictures of these numbers, in this order."""
        chosen = FilePictures([])
        for number in keep:
            chosen.names.append(self.names[number])
            chosen._places.append(self._places[number])
        return chosen


def _members(file: Path) -> list[tuple[str, int, int]]:
    if file.suffix != ".tar":
        return [(f"{file.parent.name}/{file.name}", 0, os.path.getsize(file))]
    with open(file, "rb") as stream:
        members = tar_members(stream, PICTURE_SUFFIXES)
    return [(f"{file.name}/{name}", offset, size) for name, offset, size in members]


def tar_members(file: BinaryIO, suffixes: Collection[str]) -> list[tuple[str, int, int]]:
    """List the files in a tar that end so: name, offset and size of each, in their order.

    Raises:
        DataError: If it is no tar.
    """
    try:
        with tarfile.open(fileobj=file) as tar:
            members = [member for member in tar if member.isfile()]
    except tarfile.TarError as error:
        raise DataError(f"{file.name} is not a tar: {error}") from error
    return [(m.name, m.offset_data, m.size) for m in members if Path(m.name).suffix.lower() in suffixes]


class PicturesInMemory:
    """Pictures decoded once and held as uint8, which loader processes that are forked share: they then only crop.

    Args:
        pictures: What to decode; about 100 kB a picture whose shorter side is 160.
        threads: How many decode at once.
    """

    def __init__(self, pictures: PictureSet, *, threads: int) -> None:
        self.names = list(pictures.names)
        with ThreadPoolExecutor(threads) as pool:
            self._pictures = list(pool.map(functools.partial(_picture_or_error, pictures), range(len(pictures))))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> np.ndarray:
        picture = self._pictures[number]
        if isinstance(picture, DataError):
            raise picture
        return picture


def _picture_or_error(pictures: PictureSet, number: int) -> np.ndarray | DataError:
    try:
        return pictures[number]
    except DataError as error:
        return error


class Photographs:
    """The colour photographs that scikit-image carries in its wheel: enough to try training, no download.

    The tuning split is the same pictures: five photographs cannot be divided, and nobody should believe their score.
    """

    def __init__(self) -> None:
        try:
            from skimage import data
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "training without data.root uses scikit-image's photographs: pip install scikit-image"
            ) from error
        folder = Path(data.__file__).parent
        self.names = list(_PHOTOGRAPHS)
        self._pictures = [decode_picture((folder / name).read_bytes(), name) for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> np.ndarray:
        return self._pictures[number]
