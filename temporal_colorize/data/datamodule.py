"""Training batches that depend on nothing but the seed and their number, so that a resumed run draws the same ones."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from temporal_colorize.data.balance import random_gains, rebalance
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.keys import ClipKey, KeySampler
from temporal_colorize.data.loader import ResumableLoader
from temporal_colorize.data.moving import Clip, moving_clip, random_crop, still_clip, turned
from temporal_colorize.data.pictures import DataError, Photographs, PictureSet, PicturesInMemory
from temporal_colorize.data.splits import find_splits
from temporal_colorize.options import require_number

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


class ColorDataModule(LightningDataModule):
    """Stills and clips below one folder, or scikit-image's photographs when no folder is given.

    Args:
        root: Folder of the data; None for the photographs. A manifest in it decides what is in which split, and the
            patterns and `held_out_percent` count for nothing.
        pictures: Glob patterns below root for pictures and tars of pictures.
        videos: Glob patterns below root for clips (MP4 and MKV).
        size: Height and width of training clips in pixels, a multiple of 32; or several, of which every batch has one.
        frames: Length of a clip in frames; batches of stills have one.
        frames_a_batch: Pictures in a batch of the first size, over all its clips; of larger ones fewer.
        batches_an_epoch: Batches between two validations.
        still_share: Share of batches that hold stills rather than clips.
        stills_first: Epochs at the beginning in which all batches do.
        video_share: Share of clips that come from real videos rather than moving stills.
        white_balance: Of the latter in training: standard deviation of the logarithm of random gains (`balance`).
        rotation: Degrees by which pictures are turned in training at most, either way.
        held_out_percent: Share of files, by their name, kept from training for validation (the tuning split).
        validation_batches: How many batches of the tuning split a validation uses, always the same.
        workers: Loader processes.
        in_memory: Decode the training pictures once, so that the loaders only crop; see `pictures.PicturesInMemory`.
        seed: Decides every clip, whatever the number of workers.

    Raises:
        DataError: If root is not a folder, holds no picture and no clip, or its manifest is not to be trusted.
        ValueError: If a count or a share is out of its range, or size is not a multiple of 32.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        pictures: Sequence[str] = (),
        videos: Sequence[str] = (),
        size: int | Sequence[int] = 128,
        frames: int = 6,
        frames_a_batch: int = 32,
        batches_an_epoch: int = 200,
        still_share: float = 0.5,
        stills_first: int = 0,
        video_share: float = 0.3,
        white_balance: float = 0.0,
        rotation: float = 0.0,
        held_out_percent: int = 3,
        validation_batches: int = 8,
        workers: int = 1,
        in_memory: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sizes = [size] if isinstance(size, int) else list(size)
        counts = {"frames": frames, "frames_a_batch": frames_a_batch, "size": min(sizes, default=0)}
        counts |= {"batches_an_epoch": batches_an_epoch, "validation_batches": validation_batches}
        for name, count in counts.items():
            require_number(f"data.{name}", count, least=1)
        require_number("data.stills_first", stills_first, least=0)
        shares = {"still_share": still_share, "video_share": video_share, "white_balance": white_balance}
        for name, share in shares.items():
            require_number(f"data.{name}", share, least=0, most=1)
        require_number("data.rotation", rotation, least=0, most=180)
        if any(one % 32 for one in sizes):
            raise ValueError(f"data.size={size} must be a multiple of 32")
        self.root = Path(root) if root is not None else None
        self.patterns = {"pictures": list(pictures), "videos": list(videos)}
        self.video_share, self.changes = video_share, {"white_balance": white_balance, "rotation": rotation}
        self.seed, self.workers = seed, workers
        self.held_out_percent, self.in_memory = held_out_percent, in_memory
        self.batching = {"frames_a_batch": frames_a_batch, "frames": frames, "sizes": sizes, "still_share": still_share}
        self.batches_an_epoch, self.validation_batches = batches_an_epoch, validation_batches
        self.stills_first = stills_first
        self.training: TrainingClips | None = None
        self.tuning: TrainingClips | None = None

    def setup(self, stage: str | None = None) -> None:
        """Find the files and divide them into the training and the tuning split."""
        if self.training is not None:
            return
        if self.root is None:
            pictures = Photographs()
            self.training = self._training(pictures, VideoClips([]))
            self.tuning = self._tuning(pictures, VideoClips([]))
            return
        splits = find_splits(self.root, self.patterns, held_out_percent=self.held_out_percent)
        pictures, videos = splits.training
        if self.in_memory:
            pictures = PicturesInMemory(pictures, threads=max(1, self.workers))
        self.training = self._training(pictures, videos)
        self.tuning = self._tuning(*splits.tuning)

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        return self._loader(self.training, self._training_keys(), ResumableLoader)

    def val_dataloader(self) -> DataLoader[ClipBatch]:
        # A list has no `set_epoch`, so every validation sees the same batches.
        return self._loader(self.tuning, list(self._keys(self.validation_batches)))

    def _training_keys(self) -> KeySampler:
        return self._keys(self.batches_an_epoch, stills_first=self.stills_first)

    def _keys(self, batches: int, *, stills_first: int = 0) -> KeySampler:
        return KeySampler(batches=batches, stills_first=stills_first, seed=self.seed, **self.batching)

    def _training(self, pictures: PictureSet, videos: ClipSet) -> TrainingClips:
        return TrainingClips(pictures, videos, video_share=self.video_share, **self.changes, seed=self.seed)

    def _tuning(self, pictures: PictureSet, videos: ClipSet) -> TrainingClips:
        return TrainingClips(pictures, videos, video_share=self.video_share, seed=self.seed + 1)

    def _loader(
        self, clips: TrainingClips, keys: Iterable[list[ClipKey]], make: type[DataLoader] = DataLoader
    ) -> DataLoader[ClipBatch]:
        return make(
            clips,
            sampler=keys,
            batch_size=None,  # a key of the sampler is a whole batch
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )
