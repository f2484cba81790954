"""Uploads that come together are held to what one of them would be."""

import asyncio

import pytest

from temporal_colorize.apps.server.room import Room

MOST, CHUNK = 1_000_000, 1000


class Disk:
    """Is written to a while after something came, by several at once.

    Attributes:
        size: Bytes on it.
        looks: How often somebody has looked.
    """

    def __init__(self) -> None:
        self.size, self.looks, self.now = 0, 0, 0.0
        self.room = Room(self.look, clock=lambda: self.now)

    def look(self) -> float:
        self.looks += 1
        return MOST - self.size

    async def upload(self, chunks: int) -> int:
        for number in range(chunks):
            if not await self.room.take(CHUNK):
                self.room.written(CHUNK)
                return number
            await asyncio.sleep(0.001)
            self.size += CHUNK
            self.room.written(CHUNK)
        return chunks


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_all_together_stay_below(disk: Disk) -> None:
    async def several() -> list[int]:
        return await asyncio.gather(*(disk.upload(100) for _ in range(50)))

    come = asyncio.run(several())
    assert sum(come) * CHUNK == disk.size and MOST - 51 * CHUNK <= disk.size < MOST
    assert disk.looks < 5


def test_room_that_is_made_is_found(disk: Disk) -> None:
    async def again() -> list[int]:
        first = await disk.upload(2000)
        disk.size, disk.now = 0, 0.5
        return [first, await disk.upload(100)]

    assert asyncio.run(again()) == [999, 100]


def test_what_others_write_is_found(disk: Disk) -> None:
    async def again() -> list[int]:
        first = await disk.upload(10)
        disk.size, disk.now = MOST - 5 * CHUNK, 1.5
        return [first, await disk.upload(100)]

    assert asyncio.run(again()) == [10, 4]
