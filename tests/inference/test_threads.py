import threading
import time
from collections.abc import Iterator

import pytest

from temporal_colorize.inference.threads import ahead, paced


def test_items_come_in_order_and_from_another_thread() -> None:
    def draw() -> Iterator[tuple[int, str]]:
        for number in range(50):
            yield number, threading.current_thread().name

    items = list(ahead(draw(), most=3, name="drawing"))
    assert [number for number, _ in items] == list(range(50))
    assert {name for _, name in items} == {"drawing"}


def test_it_never_runs_further_ahead_than_allowed() -> None:
    drawn = []

    def draw() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    items = ahead(draw(), most=4, name="drawing")
    assert next(items) == 0
    time.sleep(0.3)  # as long as it likes to run
    assert len(drawn) <= 1 + 4 + 1  # taken, waiting, and in hand
    items.close()


def test_an_error_is_raised_where_the_items_are_taken() -> None:
    def draw() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    items = ahead(draw(), most=4, name="drawing")
    assert next(items) == 1
    with pytest.raises(OSError, match="disk is gone"):
        next(items)


@pytest.mark.parametrize("taken", [0, 3])
def test_closing_early_ends_the_thread(taken: int) -> None:
    def draw() -> Iterator[int]:
        while True:
            yield threading.get_ident()

    items = ahead(draw(), most=2, name="endless")
    for _ in range(taken):
        next(items)
    items.close()
    assert all(thread.name != "endless" for thread in threading.enumerate())


def test_pace_comes_before_every_item_and_may_end_them() -> None:
    told: list[str] = []

    def draw() -> Iterator[int]:
        for number in range(2):
            told.append(f"item {number}")
            yield number

    assert list(paced(draw(), lambda: told.append("pace"))) == [0, 1]
    assert told == ["pace", "item 0", "pace", "item 1", "pace"]
    with pytest.raises(ZeroDivisionError):
        next(paced(iter([1]), lambda: 1 / 0))
