"""Lets the stages of a pipeline overlap."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterator[T], *, most: int, name: str) -> Iterator[T]:
    """Draw items in a thread of their own, at most `most` ahead of who takes them.

    An error in the thread is raised where the items are taken. Closing the iterator stops the thread and waits for the
    item in work; until then `items` belongs to the thread.

    Args:
        items: What to draw from.
        most: Length of the queue between.
        name: Of the thread.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=most)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def draw() -> None:
        try:
            if all(put(item) for item in items):
                put(_END)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=draw, name=name, daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def paced(items: Iterator[T], pace: Callable[[], object]) -> Iterator[T]:
    """Call `pace` before each item is drawn: it may wait, and what it raises ends the items."""
    while True:
        pace()
        try:
            item = next(items)
        except StopIteration:
            return
        yield item
