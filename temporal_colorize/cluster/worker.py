"""What runs in a worker's process."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from temporal_colorize.cluster.pinning import take_cores


class StoppedError(Exception):
    """A task that was stopped because the program ends."""


@dataclass(frozen=True)
class Hired:
    """A worker that is ready: the node it is on, that machine's name, and the version of this program there."""

    node: str
    host: str
    version: str


class Follow:
    """How far a task is: it says so itself, frame by frame, and whoever asks may stop it.

    Attributes:
        done: Frames of it that were coloured by this worker.
        at: How many of its frames are done, earlier ones included.
        total: How many it has; None while nobody knows.
    """

    def __init__(self) -> None:
        self.done, self.at, self.total = 0, 0, None
        self._stopped = threading.Event()

    def step(self, at: int, total: int | None) -> None:
        """Count one more.

        Raises:
            StoppedError: If the task is to end.
        """
        self.done, self.at, self.total = self.done + 1, at, total
        if self._stopped.is_set():
            raise StoppedError

    def stop(self) -> None:
        """Have the next step end the task."""
        self._stopped.set()


Work = Callable[[Any, Follow], Any]  # does a task; what it returns goes through the network: small


class Worker:
    """Does one task after the other, and keeps what is slow to make between them.

    Args:
        make: Returns what does a task; called once, in the worker.
        folder: Where relative names are meant to begin, if the machine has that folder.
        cores: How many are its own.
        pin: Whether all its threads stay on those.
    """

    def __init__(self, make: Callable[[], Work], folder: str, cores: int, pin: bool) -> None:
        self._make, self._folder, self._cores, self._pin = make, folder, cores, pin
        self._follow = Follow()

    def prepare(self) -> Hired:
        """Make what does the tasks; its errors are the worker's own."""
        import ray

        if os.path.isdir(self._folder):
            os.chdir(self._folder)
        self._held = take_cores(self._cores) if self._pin else []
        self._work = self._make()
        return Hired(ray.get_runtime_context().get_node_id(), socket.gethostname(), version("temporal-colorize"))

    def work(self, task: Any) -> Any:
        """Do a task."""
        self._follow = Follow()
        return self._work(task, self._follow)

    def at(self) -> tuple[int, int, int | None]:
        """Say how far the task in work is: frames done here, frames done at all, and of how many."""
        return self._follow.done, self._follow.at, self._follow.total

    def stop(self) -> None:
        """End the task in work soon."""
        self._follow.stop()
