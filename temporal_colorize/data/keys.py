"""Which clips make up each batch of each epoch: numbers, lengths and sizes, decided by the seed alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler


class ClipKey(NamedTuple):
    """One training clip: its number, which decides everything random about it, its length, its height and width."""

    number: int
    frames: int
    size: int


class KeySampler(Sampler[list[ClipKey]]):
    """Batches of keys: batches of stills and batches of clips, each of one size and of about the same pixels.

    Every epoch has keys of its own, told apart by `set_epoch`, which Lightning calls; the first `stills_first` of them
    have batches of stills alone.

    Attributes:
        skip: How many batches the next epoch that is begun leaves out, of a run that goes on in the middle of it.
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
    ) -> None:
        self.batches, self.frames_a_batch, self.frames, self.sizes = batches, frames_a_batch, frames, sizes
        self.still_share, self.stills_first, self.seed, self.epoch = still_share, stills_first, seed, 0
        self.skip = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[ClipKey]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        begin, self.skip = self.skip, 0
        still_share = self.still_share if self.epoch >= self.stills_first else 1.0
        for batch in range(self.batches):
            frames = 1 if rng.random() < still_share else self.frames
            size = self.sizes[0] if len(self.sizes) == 1 else int(rng.choice(self.sizes))
            first = self.epoch * self.numbers + batch * self._most
            if batch < begin:
                continue
            yield [ClipKey(first + place, frames, size) for place in range(self._clips(frames, size))]

    @property
    def numbers(self) -> int:
        """How many numbers an epoch has, of which not all need be a key's."""
        return self.batches * self._most

    @property
    def _most(self) -> int:
        """How many keys a batch may have; the numbers of the next one start behind them."""
        return self._clips(1, min(self.sizes))

    def _clips(self, frames: int, size: int) -> int:
        return max(1, round(self.frames_a_batch * (self.sizes[0] / size) ** 2) // frames)
