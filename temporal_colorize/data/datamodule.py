"""Training batches that depend on nothing but the seed and their number, so that a resumed run draws the same ones."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.moving import Clip, moving_clip, random_crop, still_clip
from temporal_colorize.data.pictures import (
    PICTURE_SUFFIXES,
    DataError,
    FilePictures,
    Photographs,
    PictureSet,
    is_held_out,
)
from temporal_colorize.options import require_number

_MOST_BROKEN = 50
_Drawn = TypeVar("_Drawn")


class ClipBatch(NamedTuple):
    """Clips, stacked: see `moving.Clip` for the parts, each with a batch dimension in front."""

    rgb: Tensor
    flow: Tensor
    visible: Tensor


class ClipKey(NamedTuple):
    """One training clip: its number, which decides everything random about it, and its length in frames."""

    number: int
    frames: int


class TrainingClips(Dataset[ClipBatch]):
    """Batches of clips drawn from stills and videos, each a list of keys.

    Args:
        pictures: Stills; each becomes a still, or a moving clip if more than one frame is asked for.
        videos: Real clips, drawn with probability `video_share`.
        size: Height and width of what comes out, in pixels.
        video_share: Between 0 and 1; taken as 0 where there are no videos and as 1 where there are no pictures.
        seed: Together with a key's number it seeds all that is random.
    """

    def __init__(self, pictures: PictureSet, videos: VideoClips, *, size: int, video_share: float, seed: int) -> None:
        self.pictures, self.videos = pictures, videos
        self.size, self.seed = size, seed
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
                return self.videos.piece(number, frames=key.frames, size=self.size, rng=rng)

            return _draw(piece, len(self.videos), rng)
        picture = self._any_picture(rng)
        if key.frames == 1:
            return still_clip(random_crop(picture, self.size, rng)[None])
        others = [self._any_picture(rng) for _ in range(rng.integers(3))]
        return moving_clip(picture, others, frames=key.frames, size=self.size, rng=rng)

    def _any_picture(self, rng: np.random.Generator) -> np.ndarray:
        return _draw(self.pictures.__getitem__, len(self.pictures), rng)


def _draw(read: Callable[[int], _Drawn], count: int, rng: np.random.Generator) -> _Drawn:
    """Read one of `count` at random; files that cannot be read are left out, with a warning that names each."""
    for _ in range(_MOST_BROKEN):
        try:
            return read(int(rng.integers(count)))
        except DataError as error:
            warnings.warn(f"left out of the training: {error}", stacklevel=2)
    raise DataError(f"{_MOST_BROKEN} files drawn one after the other cannot be read; check data.root")


class _KeySampler(Sampler[list[ClipKey]]):
    """Batches of keys: batches of stills and batches of clips, of about the same number of frames.

    Every epoch has keys of its own, told apart by `set_epoch`, which Lightning calls.
    """

    def __init__(self, *, batches: int, frames_a_batch: int, frames: int, still_share: float, seed: int) -> None:
        self.batches, self.frames_a_batch, self.frames = batches, frames_a_batch, frames
        self.still_share, self.seed, self.epoch = still_share, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[ClipKey]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        for batch in range(self.batches):
            frames = 1 if rng.random() < self.still_share else self.frames
            first = (self.epoch * self.batches + batch) * self.frames_a_batch
            yield [ClipKey(first + place, frames) for place in range(max(1, self.frames_a_batch // frames))]


class ColorDataModule(LightningDataModule):
    """Stills and clips below one folder, or scikit-image's photographs when no folder is given.

    Args:
        root: Folder of the data; None for the photographs.
        pictures: Glob patterns below root for pictures and tars of pictures.
        videos: Glob patterns below root for clips (MP4 and MKV).
        size: Height and width of training clips in pixels, a multiple of 32.
        frames: Length of a clip in frames; batches of stills have one.
        frames_a_batch: Pictures in a batch, over all its clips.
        batches_an_epoch: Batches between two validations.
        still_share: Share of batches that hold stills rather than clips.
        video_share: Share of clips that come from real videos rather than moving stills.
        held_out_percent: Share of files, by their name, kept from training for validation (the tuning split).
        validation_batches: How many batches of the tuning split a validation uses, always the same.
        workers: Loader processes.
        seed: Decides every clip, whatever the number of workers.

    Raises:
        DataError: If root is not a folder or holds no picture and no clip.
        ValueError: If a count or a share is out of its range, or size is not a multiple of 32.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        pictures: Sequence[str] = (),
        videos: Sequence[str] = (),
        size: int = 128,
        frames: int = 6,
        frames_a_batch: int = 32,
        batches_an_epoch: int = 200,
        still_share: float = 0.5,
        video_share: float = 0.3,
        held_out_percent: int = 3,
        validation_batches: int = 8,
        workers: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        counts = {"frames": frames, "frames_a_batch": frames_a_batch, "size": size}
        counts |= {"batches_an_epoch": batches_an_epoch, "validation_batches": validation_batches}
        for name, count in counts.items():
            require_number(f"data.{name}", count, least=1)
        for name, share in {"still_share": still_share, "video_share": video_share}.items():
            require_number(f"data.{name}", share, least=0, most=1)
        if size % 32:
            raise ValueError(f"data.size={size} must be a multiple of 32")
        self.root = Path(root) if root is not None else None
        self.patterns = {"pictures": list(pictures), "videos": list(videos)}
        self.size, self.video_share, self.seed, self.workers = size, video_share, seed, workers
        self.held_out_percent = held_out_percent
        self.batching = {"frames_a_batch": frames_a_batch, "frames": frames, "still_share": still_share}
        self.batches_an_epoch, self.validation_batches = batches_an_epoch, validation_batches
        self.training: TrainingClips | None = None
        self.tuning: TrainingClips | None = None

    def setup(self, stage: str | None = None) -> None:
        """Find the files and divide them into the training and the tuning split."""
        if self.training is not None:
            return
        if self.root is None:
            pictures = Photographs()
            self.training = self._clips(pictures, VideoClips([]), seed=self.seed)
            self.tuning = self._clips(pictures, VideoClips([]), seed=self.seed + 1)
            return
        pictures, videos = self._find()
        held = [is_held_out(name, self.held_out_percent) for name in pictures.names]
        held_videos = [is_held_out(file.name, self.held_out_percent) for file in videos.files]
        for tuning in (False, True):
            stills = pictures.subset(number for number, is_held in enumerate(held) if is_held == tuning)
            clips = VideoClips(
                file for file, is_held in zip(videos.files, held_videos, strict=True) if is_held == tuning
            )
            if not len(stills) and not len(clips):
                stills, clips = pictures, videos  # too few files to divide
            split = self._clips(stills, clips, seed=self.seed + tuning)
            self.training, self.tuning = (self.training, split) if tuning else (split, None)

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        return self._loader(self.training, self._keys(self.batches_an_epoch))

    def val_dataloader(self) -> DataLoader[ClipBatch]:
        # A list has no `set_epoch`, so every validation sees the same batches.
        return self._loader(self.tuning, list(self._keys(self.validation_batches)))

    def _keys(self, batches: int) -> "_KeySampler":
        return _KeySampler(batches=batches, seed=self.seed, **self.batching)

    def _clips(self, pictures: PictureSet, videos: VideoClips, *, seed: int) -> TrainingClips:
        return TrainingClips(pictures, videos, size=self.size, video_share=self.video_share, seed=seed)

    def _find(self) -> tuple[FilePictures, VideoClips]:
        if not self.root.is_dir():
            raise DataError(f"data.root={self.root} is not a folder")

        def files(kind: str, suffixes: frozenset[str]) -> list[Path]:
            found = {path for pattern in self.patterns[kind] for path in self.root.glob(pattern)}
            return sorted(path for path in found if path.suffix.lower() in suffixes)

        pictures = FilePictures(files("pictures", PICTURE_SUFFIXES | {".tar"}))
        videos = VideoClips(files("videos", VideoClips.SUFFIXES))
        if not len(pictures) and not len(videos):
            raise DataError(
                f"data.root={self.root} holds no picture ({', '.join(self.patterns['pictures'])}) "
                f"and no clip ({', '.join(self.patterns['videos'])}): set data.pictures or data.videos"
            )
        return pictures, videos

    def _loader(self, clips: TrainingClips, keys: Iterable[list[ClipKey]]) -> DataLoader[ClipBatch]:
        return DataLoader(
            clips,
            sampler=keys,
            batch_size=None,  # a key of the sampler is a whole batch
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )
