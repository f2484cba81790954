"""A worker as the program sees it that gives it work."""

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from temporal_colorize.cluster.connecting import load_ray
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.cluster.tasks import Task
from temporal_colorize.cluster.worker import Hired, Work, Worker

_APART = "talk"  # answers while a task is in work
Tell = Callable[[Any], None]  # is given what came of something, or its error


class Hand:
    """A worker in another process, and what it is at.

    Attributes:
        hired: Where it is; None until it is ready.
        task: What it does; None for nothing.
        at: Frames of that task done by it, frames done at all, and of how many (None: unknown), at the last look.
        done: Frames that it did in tasks that ended.
    """

    def __init__(self, make: Callable[[], Work], folder: str, options: ClusterOptions) -> None:
        self._ray, self._options = load_ray(), options
        needs = {"num_cpus": options.cores, "num_gpus": options.gpus, "max_restarts": 0}
        self._actor = self._ray.remote(concurrency_groups={_APART: 1}, **needs)(Worker).remote(
            make, folder, options.cores, options.pin
        )
        self.hired: Hired | None = None
        self.task: Task | None = None
        self.at: tuple[int, int, int | None] = (0, 0, None)
        self.done = 0
        self._ref: Any = None
        self._looked, self._looking = 0.0, False

    @property
    def is_free(self) -> bool:
        """Whether it can be given a task."""
        return self.hired is not None and self.task is None

    def prepare(self, tell: Tell) -> None:
        """Have it make ready."""
        self._ask(self._actor.prepare.remote(), tell)

    def give(self, task: Task, tell: Tell) -> None:
        """Give it a task."""
        self.task, self.at = task, (0, 0, None)
        self._ref = self._actor.work.remote(task.what)
        self._ask(self._ref, tell)

    def take_back(self) -> Task:
        """Return the task that ended."""
        task, self.task, self._ref = self.task, None, None
        self.done, self.at = self.done + self.at[0], (0, 0, None)
        return task

    def look(self) -> None:
        """Ask now and then how far it is; the answer comes when it comes."""
        if self.task is None or self._looking or time.monotonic() < self._looked + self._options.look_seconds:
            return
        self._looking, self._looked = True, time.monotonic()
        self._ask(self._actor.at.options(concurrency_group=_APART).remote(), self._seen)

    def stop(self) -> bool:
        """Have it end its task soon; return whether it has one."""
        if self.task is not None:
            self._actor.stop.options(concurrency_group=_APART).remote()
        return self.task is not None

    def wait(self, seconds: float) -> None:
        """Wait for its task, but not longer."""
        self._ray.wait([self._ref], timeout=seconds)

    def dismiss(self) -> None:
        """End it."""
        with contextlib.suppress(Exception):  # it is gone, or the cluster is
            self._ray.kill(self._actor)

    def _seen(self, outcome: object) -> None:
        self._looking = False
        if isinstance(outcome, tuple) and self.task is not None:
            self.at = outcome

    def _ask(self, ref: Any, tell: Tell) -> None:
        ref.future().add_done_callback(lambda future: tell(_outcome(future)))


def _outcome(future: Future) -> Any:
    """Return what a call returned or raised: of a task's error, what it raised itself."""
    error = future.exception()
    if error is None:
        return future.result()
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, BaseException) else error
