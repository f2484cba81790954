"""Samples of shards by their place in endless streams: which one a clip is made of depends on nothing but its key."""

import os
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np

from temporal_colorize.data.pictures import DataError, tar_members
from temporal_colorize.data.shard_cache import ShardCache
from temporal_colorize.data.shard_index import SUFFIXES, Shard

_OPEN = 4  # shards of a stream that stay open


class Place(NamedTuple):
    """Where a sample is: a shard by its place in the round's list of a stream, and a number in it."""

    round: int
    shard: int
    number: int


class ShardStreams:
    """Endless streams of samples, each of shards of its own.

    Round after round all shards are dealt out anew to the streams in a random order; where there are fewer than
    streams, several read the same. A device that draws from some of the streams fetches their shards alone. When a
    shard is opened the next one of its stream is fetched in the background.

    Args:
        shards: Of one kind.
        streams: How many.
        seed: Of the order.
        cache: Opens them.
    """

    def __init__(self, shards: Sequence[Shard], *, streams: int, seed: Sequence[int], cache: ShardCache) -> None:
        self.shards, self.streams, self.seed, self.cache = list(shards), streams, list(seed), cache
        self._rounds: list[list[list[int]]] = []  # of each the shards' numbers, by stream
        self._opened: OrderedDict[int, _Opened] = OrderedDict()
        self._broken: set[int] = set()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": OrderedDict()}  # files are of one process

    def sample(self, stream: int, position: int) -> tuple[str, bytes]:
        """Read a sample of a stream, name and content.

        A shard that cannot be read is left out with a warning, and the next one of the round takes its place.

        Raises:
            DataError: If none in the round can be read.
        """
        place = self.place(stream, position)
        for shard in self._from(place.round, stream, place.shard):
            if opened := self._open(shard, stream, place):
                return opened.read(place.number % len(opened.members))
        raise DataError(f"no sample in {len(self.shards)} shards, the first {self.shards[0].url}; check data.urls")

    def place(self, stream: int, position: int) -> Place:
        """Find the shard and the number in it of a stream's sample."""
        number = 0
        while True:
            for index, shard in enumerate(self._dealt(number)[stream]):
                if position < self.shards[shard].samples:
                    return Place(number, index, position)
                position -= self.shards[shard].samples
            number += 1

    def ahead(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Fetch the shards of these streams and positions at the same time."""
        places = ((stream, self.place(stream, position)) for stream, position in wanted)
        self.cache.fetch_ahead({self.shards[self._dealt(at.round)[s][at.shard]]: None for s, at in places})

    def _dealt(self, number: int) -> list[list[int]]:
        while len(self._rounds) <= number:
            rng = np.random.default_rng([*self.seed, len(self._rounds)])
            order = rng.permutation(len(self.shards)).tolist()
            few = len(order) < self.streams
            self._rounds.append(
                [[order[s % len(order)]] if few else order[s :: self.streams] for s in range(self.streams)]
            )
        return self._rounds[number]

    def _from(self, number: int, stream: int, first: int) -> Iterator[int]:
        """Give the shards of a round, those of a stream first, from one on."""
        own = self._dealt(number)[stream]
        yield from [*own[first:], *own[:first]]
        yield from (shard for shards in self._dealt(number) for shard in shards if shard not in own)

    def _open(self, shard: int, stream: int, place: Place) -> "_Opened | None":
        if shard not in self._opened and shard not in self._broken:
            opened = _opened(self.cache, self.shards[shard])
            if opened is None:
                self._broken.add(shard)
                return None
            self._opened[shard] = opened
            self.cache.fetch_ahead([self.shards[self._next(stream, place)]])
            while len(self._opened) > _OPEN * self.streams:
                self._opened.popitem(last=False)[1].file.close()
        if shard in self._broken:
            return None
        self._opened.move_to_end(shard)
        return self._opened[shard]

    def _next(self, stream: int, place: Place) -> int:
        own = self._dealt(place.round)[stream]
        return own[place.shard + 1] if place.shard + 1 < len(own) else self._dealt(place.round + 1)[stream][0]


class _Opened:
    """A shard that is open, and where its samples are in it."""

    def __init__(self, file: BinaryIO, kind: str) -> None:
        self.file, self.members = file, tar_members(file, {f".{SUFFIXES[kind]}"})

    def read(self, number: int) -> tuple[str, bytes]:
        name, offset, size = self.members[number]
        return name, os.pread(self.file.fileno(), size, offset)


def _opened(cache: ShardCache, shard: Shard) -> _Opened | None:
    try:
        opened = _Opened(cache.open(shard), shard.kind)
        if opened.members:
            return opened
        raise DataError(f"{shard.url} holds no {shard.kind}")
    except DataError as error:
        warnings.warn(f"left out of the training: {error}", stacklevel=2)
        return None
