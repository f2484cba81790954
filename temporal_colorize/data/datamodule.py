"""Training batches that depend on nothing but the seed and their number, so that a resumed run draws the same ones."""

from collections.abc import Sequence
from pathlib import Path

from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.keys import KeySampler
from temporal_colorize.data.loader import ResumableLoader, fixed_loader
from temporal_colorize.data.pictures import Photographs, PictureSet, PicturesInMemory
from temporal_colorize.data.splits import find_splits
from temporal_colorize.data.training_clips import ClipBatch, ClipSet, TrainingClips
from temporal_colorize.options import require_integer, require_number


class ColorDataModule(LightningDataModule):
    """Stills and clips below one folder, or scikit-image's photographs when no folder is given.

    Args:
        root: Folder of the data; None for the photographs. A manifest in it decides what is in which split, and the
            patterns and `held_out_percent` count for nothing.
        pictures: Glob patterns below root for pictures and tars of pictures.
        videos: Glob patterns below root for clips (MP4 and MKV).
        size: Height and width of training clips in pixels, a multiple of 32; or several, of which every batch has one.
        frames: Length of a clip in frames; batches of stills have one.
        frames_a_batch: Pictures in a device's batch of the first size, over all its clips; of larger ones fewer.
        global_batch: The same of a step's, over all devices and over batches whose gradients are accumulated; None for
            one batch of each device. Which clips it has does not depend on how it is divided, where that divides it.
        batches_an_epoch: Steps between two validations.
        still_share: Share of batches that hold stills rather than clips.
        stills_first: Epochs at the beginning in which all batches do.
        video_share: Share of clips that come from real videos rather than moving stills.
        white_balance: Of the latter in training: standard deviation of the logarithm of random gains (`balance`).
        rotation: Degrees by which pictures are turned in training at most, either way.
        held_out_percent: Share of files, by their name, kept from training for validation (the tuning split).
        validation_batches: How many steps' worth of the tuning split a validation uses, always the same.
        workers: Loader processes.
        in_memory: Decode the training pictures once, so that the loaders only crop; see `pictures.PicturesInMemory`.
        seed: Decides every clip, whatever the number of workers.

    Raises:
        DataError: If root is not a folder, holds no picture and no clip, or its manifest is not to be trusted.
        ValueError: If a count or a share is out of its range, or size is not a multiple of 32.
    """

    streams = 1  # of shards

    def __init__(
        self,
        *,
        root: str | None = None,
        pictures: Sequence[str] = (),
        videos: Sequence[str] = (),
        size: int | Sequence[int] = 128,
        frames: int = 6,
        frames_a_batch: int = 32,
        global_batch: int | None = None,
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
        if global_batch is not None:
            require_integer("data.global_batch", global_batch, least=frames_a_batch)
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
        self.batching = {"frames": frames, "sizes": sizes, "still_share": still_share}
        self.frames_a_batch, self.global_batch = frames_a_batch, global_batch
        self.batches_an_epoch, self.validation_batches = batches_an_epoch, validation_batches
        self.stills_first = stills_first
        self._loader: ResumableLoader | None = None
        self._place: dict[str, int] = {}  # of a run that goes on
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

    def batches_a_step(self, devices: int) -> int:
        """Say how many batches of a device make one step: the gradients of so many are accumulated.

        Raises:
            ValueError: If the global batch cannot be divided so.
        """
        together = self.frames_a_batch * devices
        total = self.global_batch or together
        if total % together:
            words = f"of the batches of {devices} device(s) with data.frames_a_batch={self.frames_a_batch}"
            raise ValueError(f"data.global_batch={total} must be a multiple of {together}, {words}")
        return total // together

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        keys = self._keys(self.batches_an_epoch, stills_first=self.stills_first)
        self._loader = ResumableLoader(self.training, keys, workers=self.workers)
        if self._place:
            self._loader.load_state_dict(self._place)
        return self._loader

    def state_dict(self) -> dict[str, int]:
        """Say how far the training's batches are; Lightning keeps it in its checkpoints."""
        return self._loader.state_dict() if self._loader else {}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Have the batches begin there; Lightning calls this before it asks for them."""
        self._place = state_dict

    def val_dataloader(self) -> DataLoader[ClipBatch]:
        return fixed_loader(self.tuning, list(self._keys(self.validation_batches)), workers=self.workers)

    def _keys(self, batches: int, *, stills_first: int = 0) -> KeySampler:
        """Make the sampler of this device: of every batch its own part, or several to be accumulated."""
        device, devices = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        count = self.batches_a_step(devices)
        return KeySampler(
            batches=batches,
            stills_first=stills_first,
            seed=self.seed,
            frames_a_batch=self.frames_a_batch * devices * count,
            parts=devices * count,
            own=range(device * count, (device + 1) * count),
            streams=self.streams,
            **self.batching,
        )

    def _training(self, pictures: PictureSet, videos: ClipSet) -> TrainingClips:
        return TrainingClips(pictures, videos, video_share=self.video_share, **self.changes, seed=self.seed)

    def _tuning(self, pictures: PictureSet, videos: ClipSet) -> TrainingClips:
        return TrainingClips(pictures, videos, video_share=self.video_share, seed=self.seed + 1)
