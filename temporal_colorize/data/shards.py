"""Training from WebDataset shards: the same batches as from files, out of windows that move over streams of samples."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.datamodule import ColorDataModule
from temporal_colorize.data.keys import ClipKey
from temporal_colorize.data.moving import Clip
from temporal_colorize.data.pictures import DataError, decode_picture
from temporal_colorize.data.shard_cache import AUTO, ShardCache
from temporal_colorize.data.shard_index import Shard, read_index
from temporal_colorize.data.shard_stream import ShardStreams
from temporal_colorize.data.training_clips import ClipBatch, TrainingClips
from temporal_colorize.options import require_integer, require_number

_LONGEST_NAME = 100  # of a temporary file; the folders of a sample's name are none of its own
_PIECES_A_CLIP = 4  # on average; a clip is much to fetch for the few frames of one piece


class _Window:
    """Samples that follow each other in a stream, to draw from at random; `move` says where."""

    def __init__(self, streams: ShardStreams | None, *, most: int, pace: int = 1) -> None:
        self._streams, self._most, self._pace = streams, most, pace
        self._stream, self._first = 0, 0

    def __len__(self) -> int:
        return self._most if self._streams else 0

    def first(self, key: ClipKey) -> tuple[int, int]:
        """Say in which stream and where it begins for a key: a sample further for each `pace` keys of a stream."""
        return key.stream, key.number // (self._pace * self._streams.streams)

    def move(self, key: ClipKey) -> None:
        if self._streams:
            self._stream, self._first = self.first(key)

    def ahead(self, keys: Sequence[ClipKey]) -> None:
        """Begin to fetch what these keys need."""
        if self._streams:
            self._streams.ahead([self.first(key) for key in {key.stream: key for key in keys}.values()])

    def sample(self, number: int) -> tuple[str, bytes]:
        return self._streams.sample(self._stream, self._first + number)


class StreamedPictures(_Window):
    """A `PictureSet` of what is in a window."""

    def __getitem__(self, number: int) -> np.ndarray:
        name, content = self.sample(number)
        return decode_picture(content, name)


class StreamedVideos(_Window):
    """A `ClipSet` of what is in a window; pieces are cut as from files."""

    def frames(self, number: int, *, most: int) -> np.ndarray:
        with _as_file(*self.sample(number)) as clips:
            return clips.frames(0, most=most)

    def piece(self, number: int, *, frames: int, size: int, rng: np.random.Generator) -> Clip:
        with _as_file(*self.sample(number)) as clips:
            return clips.piece(0, frames=frames, size=size, rng=rng)


@contextlib.contextmanager
def _as_file(name: str, content: bytes) -> Iterator[VideoClips]:
    with tempfile.NamedTemporaryFile(suffix=f"-{Path(name).name[-_LONGEST_NAME:]}") as file:
        file.write(content)
        file.flush()
        yield VideoClips([Path(file.name)])


class StreamedClips(TrainingClips):
    """Clips as `TrainingClips` makes them, each out of a window into the stream that its key names.

    A clip depends on its key alone: not on what was drawn before, by which process, nor on how many there are.

    Args:
        shards: Of one split.
        streams: How many streams of each kind.
        shuffle: How many samples of a kind a window holds: {"picture": n, "clip": n}.
        cache: Opens the shards.
        options: Those of `TrainingClips`: `video_share`, `seed` and what changes its clips.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        *,
        streams: int,
        shuffle: dict[str, int],
        cache: ShardCache,
        seed: int,
        **options: Any,
    ) -> None:
        self.shards = list(shards)
        found = {kind: [shard for shard in shards if shard.kind == kind] for kind in shuffle}
        sources = {
            kind: ShardStreams(some, streams=streams, seed=[seed], cache=cache) if some else None
            for kind, some in found.items()
        }
        pictures = StreamedPictures(sources["picture"], most=shuffle["picture"])
        videos = StreamedVideos(sources["clip"], most=shuffle["clip"], pace=_PIECES_A_CLIP)
        super().__init__(pictures, videos, seed=seed, **options)

    def __getitem__(self, keys: Sequence[ClipKey]) -> ClipBatch:
        self.pictures.ahead(keys)
        if keys[0].frames > 1 or not len(self.pictures):
            self.videos.ahead(keys)
        return super().__getitem__(keys)

    def clip(self, key: ClipKey) -> Clip:
        self.pictures.move(key)
        self.videos.move(key)
        return super().clip(key)


class ShardDataModule(ColorDataModule):
    """The same batches as `ColorDataModule`, streamed from what `python -m data_prep.shards` wrote.

    Args:
        urls: One or more folders of shards, as `shard_stream.place_of` takes them.
        streams: Into how many streams the shards are dealt out, a multiple of the devices.
        shuffle_pictures: How many pictures of a stream a picture is drawn from; they move on with every batch.
        shuffle_clips: The same for clips.
        cache: Folder for shards of other machines, see `shard_cache.ShardCache`, and
        cache_gb: how much it may hold.
        options: Those of `ColorDataModule` but for the ones about files.

    Raises:
        DataError: If no urls are given, an index cannot be read, or it lists nothing to train on.
    """

    def __init__(
        self,
        *,
        urls: str | Sequence[str] | None = None,
        streams: int = 8,
        shuffle_pictures: int = 1000,
        shuffle_clips: int = 32,
        cache: str = AUTO,
        cache_gb: float = 50,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        require_integer("data.streams", streams, least=1)
        require_number("data.shuffle_pictures", shuffle_pictures, least=1)
        require_number("data.shuffle_clips", shuffle_clips, least=1)
        self.urls = [urls] if isinstance(urls, str) else list(urls or [])
        self.streams, self.shuffle = streams, {"picture": shuffle_pictures, "clip": shuffle_clips}
        self.cache = ShardCache(cache, gigabytes=cache_gb)

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
        self.cache.check(training + tuning, at_once=self.streams)
        shared = {"shuffle": self.shuffle, "streams": self.streams, "cache": self.cache}
        shared |= {"video_share": self.video_share}
        self.training = StreamedClips(training, seed=self.seed, **shared, **self.changes)
        self.tuning = StreamedClips(tuning or training, seed=self.seed + 1, **shared)

    def batches_a_step(self, devices: int) -> int:
        if self.streams % devices:
            raise ValueError(f"data.streams={self.streams} cannot be dealt out to {devices} devices: set a multiple")
        return super().batches_a_step(devices)
