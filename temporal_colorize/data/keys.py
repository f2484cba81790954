"""Which clips make up each batch of each epoch: numbers, lengths and sizes, decided by the seed alone."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler


class ClipKey(NamedTuple):
    """One training clip: its number, which decides everything random about it, its length, its height and width.

    Of shards `stream` is the one that the clip is drawn from, see `shard_stream.ShardStreams`.
    """

    number: int
    frames: int
    size: int
    stream: int = 0


class KeySampler(Sampler[list[ClipKey]]):
    """Batches of keys: batches of stills and batches of clips, each of one size and of about the same pixels.

    Every epoch has keys of its own, told apart by `set_epoch`, which Lightning calls; the first `stills_first` of them
    have batches of stills alone. A batch may be divided into `parts` of equal length, for devices and for gradients
    that are accumulated; which keys it has depends on their number only where that does not divide the keys.

    Args:
        batches: An epoch's.
        frames_a_batch: Over all parts, see `datamodule.ColorDataModule`, and likewise
        frames: the others.
        parts: Into how many a batch is divided.
        own: Which of them are given, one after the other: those of one device.
        streams: Of shards; the clips of a batch are divided among them in their order, so that a device which has every
            k-th part of the parts draws from every k-th part of the streams.
    """

    def __init__(
        self,
        *,
        batches: int,
        frames_a_batch: int,
        frames: int,
        sizes: Sequence[int],
        still_share: float,
        stills_first: int = 0,
        seed: int,
        parts: int = 1,
        own: range = range(1),
        streams: int = 1,
    ) -> None:
        self.batches, self.frames_a_batch, self.frames, self.sizes = batches, frames_a_batch, frames, sizes
        self.still_share, self.stills_first, self.seed, self.epoch = still_share, stills_first, seed, 0
        self.parts, self.own, self.streams = parts, own, streams
        self.resumed = (0, 0)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def resume(self, epoch: int, given: int) -> None:
        """Leave out the first `given` of what that epoch gives; other epochs are given whole."""
        self.resumed = epoch, given

    @property
    def skipped(self) -> int:
        """How many are left out of this epoch."""
        epoch, given = self.resumed
        return given if epoch == self.epoch else 0

    def __len__(self) -> int:
        return self.batches * len(self.own)

    def __iter__(self) -> Iterator[list[ClipKey]]:
        given = (self._part(keys, number) for keys in self._whole() for number in self.own)
        return itertools.islice(given, self.skipped, None)

    def _part(self, keys: list[ClipKey], number: int) -> list[ClipKey]:
        length = len(keys) // self.parts
        return keys[number * length : (number + 1) * length]

    def _whole(self) -> Iterator[list[ClipKey]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        still_share = self.still_share if self.epoch >= self.stills_first else 1.0
        for batch in range(self.batches):
            frames = 1 if rng.random() < still_share else self.frames
            size = self.sizes[0] if len(self.sizes) == 1 else int(rng.choice(self.sizes))
            first, count = self.epoch * self.numbers + batch * self._most, self._clips(frames, size)
            yield [ClipKey(first + place, frames, size, place * self.streams // count) for place in range(count)]

    @property
    def numbers(self) -> int:
        """How many numbers an epoch has, of which not all need be a key's."""
        return self.batches * self._most

    @property
    def _most(self) -> int:
        """How many keys a batch may have; the numbers of the next one start behind them."""
        return max(1, self._fitting(1, min(self.sizes)))  # the same however a batch is divided

    def _clips(self, frames: int, size: int) -> int:
        return max(1, self._fitting(frames, size) // self.parts) * self.parts

    def _fitting(self, frames: int, size: int) -> int:
        return round(self.frames_a_batch * (self.sizes[0] / size) ** 2) // frames
