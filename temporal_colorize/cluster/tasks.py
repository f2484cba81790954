"""Tasks that wait for a worker, and what becomes of those that fail."""

import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

Judge = Callable[[BaseException], bool]


class GivenUpError(RuntimeError):
    """A task that failed on every worker that tried it."""


@dataclass(eq=False)
class Task:
    """A piece of work, whose outcome is awaited.

    Attributes:
        what: What the worker is given.
        future: Of what it returns.
        failed_on: The nodes on which it was tried.
        tries: How often.
        passing_since: When it first failed for a reason that passes, by `time.monotonic`.
        not_before: The time, by `time.monotonic`, before which it rests.
    """

    what: Any
    future: Future = field(default_factory=Future)
    failed_on: set[str] = field(default_factory=set)
    tries: int = 0
    passing_since: float | None = None
    not_before: float = 0.0


class Waiting:
    """The tasks that no worker has.

    Args:
        tries: How often a task is tried at most.
        wait: Seconds that it rests after a failure.
        is_final: Whether an error is the task's own, the same wherever it is tried.
        is_passing: Whether one passes by itself: it is no try, for so long as
        patience: seconds.
    """

    def __init__(
        self,
        *,
        tries: int,
        wait: float,
        is_final: Judge,
        is_passing: Judge = lambda error: False,
        patience: float = 180.0,
    ) -> None:
        self._tries, self._wait, self._patience = tries, wait, patience
        self._is_final, self._is_passing = is_final, is_passing
        self._tasks: deque[Task] = deque()
        self._over: BaseException | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: Task) -> None:
        """Put a task at the end."""
        if self._over is not None:
            task.future.set_exception(self._over)
        else:
            self._tasks.append(task)

    def take(self, node: str, nodes: Collection[str]) -> Task | None:
        """Take the next task for a node: not one that failed there while one of the `nodes` has not tried it."""
        now = time.monotonic()
        for task in self._tasks:
            tried_here = node in task.failed_on and not task.failed_on.issuperset(nodes)
            if task.not_before <= now and not tried_here:
                self._tasks.remove(task)
                return task
        return None

    def failed(self, task: Task, error: BaseException, node: str, host: str) -> None:
        """Let a task wait for another try, or give it up."""
        if self._rests(task, error):
            task.not_before = time.monotonic() + self._wait
            return self.add(task)
        task.tries += 1
        if self._is_final(error):
            task.future.set_exception(error)
        elif task.tries >= self._tries:
            given_up = GivenUpError(f"given up after {task.tries} tries, the last on {host}: {error}")
            task.future.set_exception(given_up)
        else:
            task.failed_on.add(node)
            task.not_before = time.monotonic() + self._wait
            self.add(task)

    def _rests(self, task: Task, error: BaseException) -> bool:
        """Say whether an error is waited out."""
        if not self._is_passing(error):
            return False
        task.passing_since = task.passing_since or time.monotonic()
        return time.monotonic() < task.passing_since + self._patience

    def refuse(self, error: BaseException) -> None:
        """Give all up."""
        while self._tasks:
            self._tasks.popleft().future.set_exception(error)

    def end(self, error: BaseException) -> None:
        """Give all up, and whatever comes."""
        self._over = error
        self.refuse(error)
