"""The last frames of a scene, kept in a file, to be gone through backwards."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from temporal_colorize.video.errors import on_disk

MOST = 750  # frames: half a minute, and 170 MB of 640x360


class Past:
    """Keeps at most the last `MOST` pictures; a context manager, which removes the file."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0
        self._shape: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        with on_disk(self._path.parent):
            self._file = self._path.open("w+b")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._count = 0

    def add(self, picture: np.ndarray) -> None:
        """Keep the next picture, (H, W) uint8, all of one size.

        Raises:
            VideoError: If the disk is full.
        """
        self._shape = picture.shape
        with on_disk(self._path.parent):
            self._file.seek(self._count % MOST * picture.size)
            self._file.write(np.ascontiguousarray(picture))
            self._file.flush()
        self._count += 1

    def backwards(self) -> Iterator[np.ndarray]:
        """Read what is kept, the last one first."""
        size = int(np.prod(self._shape))
        for number in range(self._count - 1, max(-1, self._count - 1 - MOST), -1):
            self._file.seek(number % MOST * size)
            yield np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape)
