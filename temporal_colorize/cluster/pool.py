"""Workers on a Ray cluster, and the tasks they do: few are under way, what fails is tried elsewhere."""

import contextlib
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

from temporal_colorize.cluster.capacity import held
from temporal_colorize.cluster.connecting import load_ray
from temporal_colorize.cluster.hand import Hand
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.cluster.tasks import Judge, Task, Waiting
from temporal_colorize.cluster.worker import Hired, StoppedError, Work

_LOST = "the worker, or its machine, died"
_UNREADY = f"{_LOST} while it made ready: too little memory, or another version of Python or of a library there?"
_BEAT = 0.5  # seconds after which it is looked whether a task has rested, or the cluster has grown


class Pool:
    """Workers, each of which does one task at a time; a context manager, in `connecting.connected`.

    Nothing is sent ahead of the worker that will do it, so what is under way is a task a worker; what comes back is
    what the task returns. Workers that die are replaced, here or on whatever machine has room.

    Args:
        make: What a worker calls, once, for what does tasks; it is sent there, and what it needs must be known there.
        options: See there.
        is_final: Whether an error is the task's own and no reason to try it elsewhere.
        is_passing: Whether one passes by itself, and is waited out.

    Attributes:
        unfit: Why workers could not begin. After `options.tries` of them in a row, one at a time is tried; where none
            has ever begun, or nobody is left and three times as many have failed, all is given up.
    """

    def __init__(
        self,
        make: Callable[[], Work],
        options: ClusterOptions,
        *,
        is_final: Judge = lambda error: isinstance(error, ValueError),
        is_passing: Judge = lambda error: False,
    ) -> None:
        self._ray, self._make, self._options = load_ray(), make, options
        judges = {"is_final": is_final, "is_passing": is_passing}
        self._waiting = Waiting(tries=options.tries, wait=options.wait_seconds, **judges)
        self._hands: list[Hand] = []
        self.unfit: list[BaseException] = []
        self._failures, self._failed, self._began = 0, 0.0, False  # to begin: in a row, when last; whether one did
        self._events: queue.Queue[Callable[[], None]] = queue.Queue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._attend, name="cluster", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._events.put(lambda: None)
        self._thread.join()
        busy = [hand for hand in self._hands if hand.stop()]
        deadline = time.monotonic() + self._options.stop_seconds
        for hand in busy:
            hand.wait(max(0.0, deadline - time.monotonic()))
        for hand in self._hands:
            hand.dismiss()
        self._give_up(StoppedError())

    @property
    def room(self) -> int:
        """How many tasks can be under way, at least 1: who has many gives so many, and one more for each done."""
        return max(1, self._wanted())

    @property
    def hands(self) -> list[Hand]:
        """The workers of the moment."""
        return list(self._hands)

    def submit(self, what: Any) -> Future:
        """Have a task done, from any thread; the future has what it returns, or its error.

        Raises:
            StoppedError: If the pool has ended.
        """
        task = Task(what)
        if self._ended.is_set():
            raise StoppedError
        self._events.put(lambda: self._waiting.add(task))
        return task.future

    def in_order(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """Yield what tasks return, in their order; twice as many as workers are begun at most before they are taken."""
        begun: deque[Future] = deque()
        for task in tasks:
            begun.append(self.submit(task))
            if len(begun) >= 2 * self.room:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()

    def _attend(self) -> None:
        """Do what has to be done whenever something happens; the only thread that changes the pool."""
        try:
            while not self._ended.is_set():
                self._hear()
                self._hire()
                self._assign()
                for hand in self._hands:
                    hand.look()
        except Exception as error:  # the cluster itself is gone: nobody waits for ever
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Leave nobody waiting for what nobody does any more."""
        self._ended.set()
        self._waiting.end(error)
        while not self._events.empty():
            self._events.get()()
        for task in [hand.task for hand in self._hands if hand.task]:
            if not task.future.done():
                task.future.set_exception(error)

    def _hear(self) -> None:
        """Wait a little for something to happen, and enter all that has."""
        with contextlib.suppress(queue.Empty):
            self._events.get(timeout=_BEAT)()
        while not self._events.empty():
            self._events.get()()

    def _wanted(self) -> int:
        if self._options.workers is not None:
            return self._options.workers
        return held(self._ray.nodes(), self._options)

    def _hire(self) -> None:
        under_way = sum(hand.task is not None for hand in self._hands)
        if len(self._hands) >= len(self._waiting) + under_way:
            return
        short = min(self.room, len(self._waiting) + under_way) - len(self._hands)
        if self._failures >= self._options.tries:
            if not self._hands and (not self._began or self._failures >= 3 * self._options.tries):
                return self._waiting.refuse(self.unfit[-1])
            rests = time.monotonic() < self._failed + self._options.wait_seconds
            short = 0 if rests or any(hand.hired is None for hand in self._hands) else 1
        for _ in range(short):
            hand = Hand(self._make, os.getcwd(), self._options)
            self._hands.append(hand)
            hand.prepare(lambda outcome, hand=hand: self._events.put(lambda: self._prepared(hand, outcome)))

    def _prepared(self, hand: Hand, outcome: Hired | BaseException) -> None:
        if isinstance(outcome, Hired) and outcome.version != version("temporal-colorize"):
            outcome = ValueError(
                f"{outcome.host} has version {outcome.version} of this program: install the same there"
            )
        if isinstance(outcome, BaseException):
            self._leave(hand)
            self._count_unfit(outcome)
        else:
            hand.hired = outcome
            self._failures, self._began = 0, True

    def _count_unfit(self, outcome: BaseException) -> None:
        """Enter why a worker could not begin; one death may be chance, so a word is said when they are too many."""
        self._failures, self._failed = self._failures + 1, time.monotonic()
        if self._is_lost(outcome):
            if self._failures < self._options.tries:
                return
            outcome = RuntimeError(_UNREADY)
        if str(outcome) not in map(str, self.unfit):
            self.unfit.append(outcome)

    def _assign(self) -> None:
        nodes = {hand.hired.node for hand in self._hands if hand.hired}
        for hand in self._hands:
            if hand.is_free and (task := self._waiting.take(hand.hired.node, nodes)) is not None:
                hand.give(task, lambda outcome, hand=hand: self._events.put(lambda: self._done(hand, outcome)))

    def _done(self, hand: Hand, outcome: object) -> None:
        task, hired = hand.take_back(), hand.hired
        if self._is_lost(outcome):
            self._leave(hand)
            outcome = RuntimeError(_LOST)
        if isinstance(outcome, BaseException):
            self._waiting.failed(task, outcome, hired.node, hired.host)
        else:
            task.future.set_result(outcome)

    def _leave(self, hand: Hand) -> None:
        self._hands.remove(hand)
        hand.dismiss()

    def _is_lost(self, outcome: object) -> bool:
        """Say whether a worker is not there any more."""
        errors = self._ray.exceptions
        return isinstance(outcome, errors.RayError) and not isinstance(outcome, errors.RayTaskError)
