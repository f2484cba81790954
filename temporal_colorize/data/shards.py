"""Training from WebDataset shards: the same batches as from files, out of shuffle buffers that shards stream into."""

import contextlib
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.datamodule import ClipBatch, ColorDataModule, TrainingClips
from temporal_colorize.data.keys import ClipKey
from temporal_colorize.data.moving import Clip
from temporal_colorize.data.pictures import DataError, decode_picture
from temporal_colorize.data.shard_stream import SUFFIXES, Reader, Shard, read_index, stream
from temporal_colorize.options import require_number

_LONGEST_NAME = 100  # of a temporary file; the folders of a sample's name are none of its own
_PIECES_A_CLIP = 4  # on average; a clip is much to fetch for the few frames of one piece


class _Buffer:
    """Samples to draw from at random; each that is taken is replaced by the stream's next."""

    def __init__(self, shards: Sequence[Shard], *, most: int, seed: Sequence[int], reader: Reader) -> None:
        self._stream = stream(shards, seed=seed, reader=reader)
        total = sum(shard.samples for shard in shards)
        self._samples = list(itertools.islice(self._stream, min(most, -(-total // reader.count))))

    def __len__(self) -> int:
        return len(self._samples)

    def look(self, number: int) -> tuple[str, bytes]:
        return self._samples[number]

    def take(self, number: int) -> tuple[str, bytes]:
        taken, self._samples[number] = self._samples[number], next(self._stream)
        return taken


class StreamedPictures:
    """A `PictureSet` of what is in a shuffle buffer: a number gives another picture each time."""

    def __init__(self, buffer: _Buffer) -> None:
        self._buffer = buffer

    @property
    def names(self) -> list[str]:
        return [self._buffer.look(number)[0] for number in range(len(self))]

    def __len__(self) -> int:
        return len(self._buffer)

    def __getitem__(self, number: int) -> np.ndarray:
        name, content = self._buffer.take(number)
        return decode_picture(content, name)


class StreamedVideos:
    """A `ClipSet` of what is in a shuffle buffer; pieces are cut as from files."""

    def __init__(self, buffer: _Buffer) -> None:
        self._buffer = buffer

    def __len__(self) -> int:
        return len(self._buffer)

    def frames(self, number: int, *, most: int) -> np.ndarray:
        with _as_file(*self._buffer.take(number)) as clips:
            return clips.frames(0, most=most)

    def piece(self, number: int, *, frames: int, size: int, rng: np.random.Generator) -> Clip:
        take = rng.integers(_PIECES_A_CLIP) == 0
        with _as_file(*(self._buffer.take(number) if take else self._buffer.look(number))) as clips:
            return clips.piece(0, frames=frames, size=size, rng=rng)


@contextlib.contextmanager
def _as_file(name: str, content: bytes) -> Iterator[VideoClips]:
    with tempfile.NamedTemporaryFile(suffix=f"-{Path(name).name[-_LONGEST_NAME:]}") as file:
        file.write(content)
        file.flush()
        yield VideoClips([Path(file.name)])


class StreamedClips(Dataset[ClipBatch]):
    """Batches as `TrainingClips` makes them, out of shuffle buffers that shards stream into.

    The streams start anew with every epoch, told by the keys, so that a run resumed there draws the same batches; the
    same seed gives the same ones for the same number of workers and nodes.

    Args:
        shards: Of one split.
        keys_an_epoch: How many numbers of keys an epoch has.
        shuffle: How many samples of a kind a buffer holds: {"picture": n, "clip": n}.
        options: Those of `TrainingClips`: `video_share`, `seed` and what changes its clips.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        *,
        keys_an_epoch: int,
        shuffle: dict[str, int],
        **options: Any,
    ) -> None:
        self.shards, self.keys_an_epoch, self.shuffle = list(shards), keys_an_epoch, shuffle
        self.options = options
        self._clips: TrainingClips | None = None
        self._epoch, self._last = -1, -1

    def __getitem__(self, keys: Sequence[ClipKey]) -> ClipBatch:
        number = keys[0].number
        epoch = number // self.keys_an_epoch
        if self._clips is None or epoch != self._epoch or number <= self._last:  # the last: a validation begins anew
            self._clips, self._epoch = self._start(epoch), epoch
        self._last = number
        return self._clips[keys]

    def scenes(self, *, pictures: int, clips: int, frames: int) -> Iterator[Sequence[np.ndarray]]:
        """Give some whole pictures and the beginnings of some clips; see `TrainingClips.scenes`."""
        return self._start(0).scenes(pictures=pictures, clips=clips, frames=frames)

    def _start(self, epoch: int) -> TrainingClips:
        pictures, videos = (self._buffer(kind, [self.options["seed"], epoch]) for kind in SUFFIXES)
        return TrainingClips(StreamedPictures(pictures), StreamedVideos(videos), **self.options)

    def _buffer(self, kind: str, seed: list[int]) -> _Buffer:
        shards = [shard for shard in self.shards if shard.kind == kind]
        return _Buffer(shards, most=self.shuffle[kind] if shards else 0, seed=seed, reader=Reader.current())


class ShardDataModule(ColorDataModule):
    """The same batches as `ColorDataModule`, streamed from what `python -m data_prep.shards` wrote.

    Args:
        urls: One or more folders of shards, as `shard_stream.place_of` takes them.
        shuffle_pictures: Pictures that each loader worker holds to draw from, still encoded.
        shuffle_clips: The same for clips, of a megabyte or so each.
        options: Those of `ColorDataModule` but for the ones about files.

    Raises:
        DataError: If no urls are given, an index cannot be read, or it lists nothing to train on.
    """

    def __init__(
        self,
        *,
        urls: str | Sequence[str] | None = None,
        shuffle_pictures: int = 1000,
        shuffle_clips: int = 32,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        require_number("data.shuffle_pictures", shuffle_pictures, least=1)
        require_number("data.shuffle_clips", shuffle_clips, least=1)
        self.urls = [urls] if isinstance(urls, str) else list(urls or [])
        self.shuffle = {"picture": shuffle_pictures, "clip": shuffle_clips}

    def setup(self, stage: str | None = None) -> None:
        """Read the indices; the shards themselves are opened by the loader's workers."""
        if self.training is not None:
            return
        if not self.urls:
            raise DataError("data.urls is missing: give a folder that python -m data_prep.shards wrote, or its address")
        indices = [read_index(url) for url in self.urls]
        training, tuning = ([s for index in indices for s in index.get(name, [])] for name in ("train", "tuning"))
        if not training:
            raise DataError(f"data.urls={', '.join(self.urls)}: no shard of the split train")
        shared = {"shuffle": self.shuffle, "video_share": self.video_share}
        self.training = StreamedClips(
            training,
            keys_an_epoch=self._training_keys().numbers,
            seed=self.seed,
            **shared,
            **self.changes,
        )
        self.tuning = StreamedClips(
            tuning or training,
            keys_an_epoch=self._keys(self.validation_batches).numbers,
            seed=self.seed + 1,
            **shared,
        )
