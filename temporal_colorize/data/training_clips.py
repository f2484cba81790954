"""Training clips, each made of its key: cut out of stills and videos, the same every time."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from temporal_colorize.data.balance import random_gains, rebalance
from temporal_colorize.data.keys import ClipKey
from temporal_colorize.data.moving import Clip, moving_clip, random_crop, still_clip, turned
from temporal_colorize.data.pictures import DataError, PictureSet

_MOST_BROKEN = 50
_Drawn = TypeVar("_Drawn")


class ClipSet(Protocol):
    """Videos by number, as `clips.VideoClips` reads them."""

    def __len__(self) -> int: ...

    def frames(self, number: int, *, most: int) -> np.ndarray:
        """Return the first frames of a video, (T, H, W, 3) uint8."""
        ...

    def piece(self, number: int, *, frames: int, size: int, rng: np.random.Generator) -> Clip:
        """Cut a clip out of a video at random."""
        ...


class ClipBatch(NamedTuple):
    """Clips, stacked: see `moving.Clip` for the parts, each with a batch dimension in front."""

    rgb: Tensor
    flow: Tensor
    visible: Tensor


class TrainingClips(Dataset[ClipBatch]):
    """Batches of clips drawn from stills and videos, each a list of keys.

    Args:
        pictures: Stills; each becomes a still, or a moving clip if more than one frame is asked for.
        videos: Real clips, drawn with probability `video_share`.
        video_share: Between 0 and 1; taken as 0 where there are no videos and as 1 where there are no pictures.
        white_balance: Standard deviation of the logarithm of the gains that pieces of videos get (`balance`).
        rotation: Degrees by which pictures are turned at most, either way.
        seed: Together with a key's number it seeds all that is random.
    """

    def __init__(
        self,
        pictures: PictureSet,
        videos: ClipSet,
        *,
        video_share: float,
        white_balance: float = 0.0,
        rotation: float = 0.0,
        seed: int,
    ) -> None:
        self.pictures, self.videos = pictures, videos
        self.white_balance, self.rotation, self.seed = white_balance, rotation, seed
        self.video_share = video_share if len(pictures) else 1.0
        if not len(videos):
            self.video_share = 0.0

    def __getitem__(self, keys: Sequence[ClipKey]) -> ClipBatch:
        parts = zip(*(self.clip(key) for key in keys), strict=True)
        return ClipBatch(*(torch.from_numpy(np.stack(part)) for part in parts))

    def clip(self, key: ClipKey) -> Clip:
        """Make the clip of this key, the same one every time."""
        rng = np.random.default_rng([self.seed, key.number])
        if rng.random() < self.video_share:

            def piece(number: int) -> Clip:
                clip = self.videos.piece(number, frames=key.frames, size=key.size, rng=rng)
                if not self.white_balance:
                    return clip
                return clip._replace(rgb=rebalance(clip.rgb, random_gains(self.white_balance, rng)))

            return _draw(piece, len(self.videos), rng)
        picture = self._any_picture(rng)
        if key.frames == 1:
            return still_clip(random_crop(picture, key.size, rng)[None])
        others = [self._any_picture(rng) for _ in range(rng.integers(3))]
        return moving_clip(picture, others, frames=key.frames, size=key.size, rng=rng)

    def scenes(self, *, pictures: int, clips: int, frames: int) -> Iterator[Sequence[np.ndarray]]:
        """Give some whole pictures and the beginnings of some clips, evenly taken: each frames, (H, W, 3) uint8."""
        yield from _readable(lambda number: [self.pictures[number]], _evenly(len(self.pictures), pictures))
        yield from _readable(lambda number: self.videos.frames(number, most=frames), _evenly(len(self.videos), clips))

    def _any_picture(self, rng: np.random.Generator) -> np.ndarray:
        picture = _draw(self.pictures.__getitem__, len(self.pictures), rng)
        return turned(picture, rng.uniform(-self.rotation, self.rotation)) if self.rotation else picture


def _readable(read: Callable[[int], _Drawn], numbers: Iterable[int]) -> Iterator[_Drawn]:
    for number in numbers:
        try:
            yield read(number)
        except DataError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)


def _evenly(count: int, most: int) -> range:
    return range(0, count, max(1, -(-count // most))) if most else range(0)


def _draw(read: Callable[[int], _Drawn], count: int, rng: np.random.Generator) -> _Drawn:
    """Read one of `count` at random; files that cannot be read are left out, with a warning that names each."""
    for _ in range(_MOST_BROKEN):
        try:
            return read(int(rng.integers(count)))
        except DataError as error:
            warnings.warn(f"left out of the training: {error}", stacklevel=2)
    raise DataError(f"{_MOST_BROKEN} files drawn one after the other cannot be read; check data.root")
