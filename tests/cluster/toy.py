"""Work that does what it is told, in the workers of a pool."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from temporal_colorize.cluster.worker import Follow, Work


class Toy:
    """Makes such work.

    Args:
        folder: Where it leaves what happened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> Work:
        return self._work

    def _work(self, what: str, follow: Follow) -> str:
        told: dict[str, Callable[[], object]] = {
            "bad": self._refuse,
            "die": lambda: os._exit(3),
            "once": lambda: self._first("once") and os._exit(3),
            "slow": lambda: self._slowly(follow),
            "stuck": self._fail,
        }
        with (self._folder / f"{what}.log").open("a") as log:
            log.write(f"{os.getpid()}\n")
        told.get(what, lambda: None)()
        return f"{what} done"

    def _first(self, what: str) -> bool:
        return (self._folder / f"{what}.log").read_text().count("\n") == 1

    def _refuse(self) -> None:
        raise ValueError("it is bad itself")

    def _fail(self) -> None:
        raise OSError("the disk is odd")

    def _slowly(self, follow: Follow) -> None:
        for number in range(2000):
            follow.step(number + 1, 2000)
            time.sleep(0.01)


def tries(folder: Path, what: str) -> int:
    """Count how often it was begun."""
    return (folder / f"{what}.log").read_text().count("\n")
