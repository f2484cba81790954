"""A job waits while a first picture is due, and for no longer than it may."""

import threading
import time

import pytest

from temporal_colorize.apps.service import Busy, turns
from tests.support.service import Make, Slow, bring, ended, until


def test_a_job_waits_for_a_first_picture(make: Make, colorizer: Slow) -> None:
    service = make()
    colorizer.pause = 0.01
    job = service.submit("ann", bring(service, "ann", count=60), {})
    until(lambda: job.frames > 2)
    with service.turns.first():
        time.sleep(0.2)  # in which the picture that was under way ends
        frames = job.frames
        time.sleep(0.4)
        assert job.frames == frames < 60
    assert ended(job).state == "done" and job.frames == 60


def test_it_goes_on_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MOST", 0.2)
    order, began = turns.Turns(), time.monotonic()
    with order.first():
        order.give_way()
        waited = time.monotonic() - began
        order.give_way()  # it has the same time for itself
        assert 0.2 <= waited <= time.monotonic() - began < waited + 0.15
        until(lambda: time.monotonic() - began > 2 * waited)
        order.give_way()
        assert time.monotonic() - began >= 2 * waited + 0.2


def test_all_threads_of_a_job_wait_and_go_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SENDING", 0.05)
    order, went = turns.Turns(), []
    threads = [threading.Thread(target=lambda: went.append(order.give_way()), daemon=True) for _ in range(3)]
    with order.first():
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        assert went == []
    until(lambda: len(went) == 3, seconds=2)


def test_it_waits_for_one_that_is_expected_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SOON", 0.2)
    order = turns.Turns()
    order.give_way()
    order.expect()
    began = time.monotonic()
    order.give_way()
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("kind", "most", "said"), [("ask", 4, "are asking"), ("look", 10, "are being looked at")])
def test_few_wait_for_a_turn(kind: str, most: int, said: str) -> None:
    order, go_on, had = turns.Turns(), threading.Event(), []

    def have() -> None:
        with getattr(order, kind)():
            go_on.wait(10)
            had.append(1)

    threads = [threading.Thread(target=have) for _ in range(most)]
    for thread in threads:
        thread.start()
    with pytest.raises(Busy, match=f"{said}.*try again later"):
        have()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(had) == most
    with getattr(order, kind)():
        pass
