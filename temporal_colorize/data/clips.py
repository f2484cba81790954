"""Real colour clips, read with decord at random places."""

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from temporal_colorize.data.moving import Clip, still_clip
from temporal_colorize.data.pictures import DataError


class VideoClips:
    """Short pieces of video files.

    Decord seeks exactly in ordinary MP4 and MKV files and in no others (it hangs on MPEG-TS): give it nothing else.
    """

    SUFFIXES = frozenset({".mp4", ".mkv"})

    def __init__(self, files: Iterable[Path]) -> None:
        self.files = list(files)

    def __len__(self) -> int:
        return len(self.files)

    def frames(self, number: int, *, most: int | None = None) -> np.ndarray:
        """Read the first `most` frames of a file, or all if there are fewer or it is None: (T, H, W, 3) uint8.

        Raises:
            DataError: If the file cannot be read.
        """
        return self._read(number, lambda count: np.arange(count)[:most])

    def piece(self, number: int, *, frames: int, size: int, rng: np.random.Generator) -> Clip:
        """Cut `frames` frames, one to three apart, forward or backward, and a random square of them.

        A file shorter than that is read to its end and back again.

        Raises:
            DataError: If the file cannot be read.
        """

        def places(count: int) -> np.ndarray:
            step = int(rng.integers(1, 4))
            span = (frames - 1) * step + 1
            places = rng.integers(max(count - span, 0) + 1) + step * np.arange(frames)
            return np.abs((places + count - 1) % max(2 * count - 2, 1) - (count - 1))  # to the end and back

        decoded = self._read(number, places)
        if rng.random() < 0.5:
            decoded = decoded[::-1]
        return still_clip(_crop(decoded, size, rng))

    def _read(self, number: int, places: Callable[[int], np.ndarray]) -> np.ndarray:
        """Read the frames at the places that `places` chooses, given how many there are."""
        import decord

        file = self.files[number]
        try:
            reader = decord.VideoReader(str(file), num_threads=1)
            return reader.get_batch(places(len(reader)).tolist()).asnumpy()
        except (decord.DECORDError, RuntimeError) as error:
            raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error


def _crop(clip: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut the same random square of 50 to 100 % of the shorter side out of every frame: (T, size, size, 3)."""
    _, height, width, _ = clip.shape
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    pieces = clip[:, top : top + side, left : left + side]
    if rng.random() < 0.5:
        pieces = pieces[:, :, ::-1]
    interpolation = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.stack([cv2.resize(piece, (size, size), interpolation=interpolation) for piece in pieces])
