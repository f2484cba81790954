"""How much of the disk uploads may still have, all of them together."""

import asyncio
import math
import time
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

_OLD = 1.0  # seconds after which the disk is looked at anew: not uploads alone write to it
_NEW = 0.2  # and before which it is not: all of its files are looked at


class Room:
    """Counts what comes between two looks at the disk, so that what is written never passes what there is.

    Args:
        look: Returns how many bytes may still be written. Takes time.
        clock: Tells seconds.
    """

    def __init__(self, look: Callable[[], float], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._come = self._held = 0  # bytes, ever; and of those what may not be on the disk yet
        self._until, self._looked = -math.inf, -math.inf  # how many may come; when that was found out
        self._looking = asyncio.Lock()

    async def take(self, size: int) -> bool:
        """Say whether there is room for bytes that have come; `written` is called once they are, or are dropped."""
        self._come += size
        self._held += size
        if self._needs_look():
            async with self._looking:
                if self._needs_look():
                    await self._find_out()
        return self._come < self._until

    def written(self, size: int) -> None:
        """Note that bytes are where a look finds them."""
        self._held -= size

    def _needs_look(self) -> bool:
        age = self._clock() - self._looked
        return age > _OLD or (self._come >= self._until and age > _NEW)

    async def _find_out(self) -> None:
        before = self._come - self._held  # what comes during the look may be counted twice, but never not at all
        self._until = before + await run_in_threadpool(self._look)
        self._looked = self._clock()
