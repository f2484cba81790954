"""References: daytime pictures, or the background of daytime videos, in colour."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.picture import is_picture, read_luma
from temporal_colorize.inference.report import REFERENCE
from temporal_colorize.inference.turn import Turn
from temporal_colorize.video import Limits, VideoReader, sample_rgb

_SAMPLED = 25  # pictures of a video, of which each pixel's median is its background
_MOST_SIDE = 1080  # pixels of the shorter side; more would only be averaged away
_LEAST_CHROMA = 1.0  # mean of ab units: less is a grey picture


@dataclass(frozen=True, eq=False)
class Reference:
    """A picture of the place in its colours, as it is shown.

    Attributes:
        name: For messages: "reference=day.jpg".
        luma: (H, W) uint8.
        ab: (H, W, 2) float32.
        digest: SHA-256 of its file.
    """

    name: str
    luma: np.ndarray
    ab: np.ndarray
    digest: str

    def stored(self, turn: Turn) -> "Reference":
        """Turn it as pictures are stored that are shown by a turn."""
        luma, ab = (np.ascontiguousarray(turn.stored(plane)) for plane in (self.luma, self.ab))
        return replace(self, luma=luma, ab=ab)


def read_references(paths: Sequence[str | Path], *, limits: Limits | None = None) -> list[Reference]:
    """Read pictures, and videos of which the background is taken.

    Raises:
        ValueError: If a file cannot be read, or has no colour.
    """
    return [_read(Path(path), limits) for path in paths]


def _read(path: Path, limits: Limits | None) -> Reference:
    import cv2

    name = f"{REFERENCE}{path}"
    if not path.is_file():
        raise ValueError(f"{name}: there is no such file; name a picture or a video of the same place by day")
    try:
        rgb = _rgb_of_picture(path, limits) if is_picture(path) else _background(path, limits)
    except ValueError as error:
        raise ValueError(f"{name} must be a picture or a video, in colour, of the same place ({error})") from error
    if (scale := _MOST_SIDE / min(rgb.shape[:2])) < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ab = ab_of_rgb(rgb)
    if (chroma := float(np.hypot(ab[..., 0], ab[..., 1]).mean())) < _LEAST_CHROMA:
        raise ValueError(
            f"{name} is grey (mean chroma {chroma:.1f}), so it says nothing of colours; give one in colour"
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Reference(name, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), ab, digest)


def _rgb_of_picture(path: Path, limits: Limits | None) -> np.ndarray:
    import cv2

    read_luma(path, limits=limits)  # refuses what is no picture or too large
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _background(path: Path, limits: Limits | None) -> np.ndarray:
    """Take each pixel's median over a video of a camera that stands still."""
    pictures = sample_rgb(path, most=_SAMPLED, limits=limits)
    height, width = pictures[0].shape[:2]
    kept = np.stack([picture for picture in pictures if picture.shape[:2] == (height, width)])
    rows = [np.median(kept[:, row : row + 64], axis=0) for row in range(0, height, 64)]  # of a part, for the memory
    with VideoReader(path, limits=limits) as reader:
        turn = Turn.of(reader.info.display_matrix)
    return np.ascontiguousarray(turn.shown(np.concatenate(rows).round().astype(np.uint8)))
