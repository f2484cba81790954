"""Workers on a real Ray, local and small."""

import os
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from data_prep.spread import spreading
from temporal_colorize.cluster.coloring import FileWork
from temporal_colorize.cluster.connecting import connected
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.cluster.pinning import take_cores
from temporal_colorize.cluster.pool import Pool
from temporal_colorize.cluster.tasks import GivenUpError, Task
from temporal_colorize.cluster.worker import Hired
from temporal_colorize.config.composing import compose
from temporal_colorize.inference.footage import find_footage
from tests.cluster.toy import Toy, tries
from tests.support.networks import tiny_weights_file
from tests.support.videos import write_video

OPTIONS = ClusterOptions(workers=2, tries=2, wait_seconds=0.1, look_seconds=0.1, stop_seconds=5.0)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    pytest.importorskip("ray")
    with connected(OPTIONS):
        yield


def test_a_dead_worker_is_replaced_and_a_bad_task_is_not_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Pool(Toy(tmp_path), OPTIONS) as pool:
        assert pool.room == 2
        done = {name: pool.submit(name) for name in ("a", "once", "bad", "die", "stuck", "b")}
        assert [done[name].result(120) for name in ("a", "once", "b")] == ["a done", "once done", "b done"]
        with pytest.raises(ValueError, match="it is bad itself"):
            done["bad"].result(120)
        with pytest.raises(
            GivenUpError, match=r"^given up after 2 tries, the last on .*: the worker, or its machine, died$"
        ):
            done["die"].result(120)
        with pytest.raises(GivenUpError, match="the disk is odd"):
            done["stuck"].result(120)
    assert {name: tries(tmp_path, name) for name in done} == {"a": 1, "once": 2, "bad": 1, "die": 2, "stuck": 2, "b": 1}
    assert capfd.readouterr().out == "", "Ray keeps to itself"


def test_a_task_in_work_is_followed_and_stopped(tmp_path: Path) -> None:
    with Pool(Toy(tmp_path), OPTIONS) as pool:
        pool.submit("slow")
        deadline = time.monotonic() + 60
        while not any(hand.at[1] > 2 for hand in pool.hands):
            assert time.monotonic() < deadline, "nobody is seen at work"
            time.sleep(0.05)
        assert {hand.at[2] for hand in pool.hands if hand.task} == {2000}
        began = time.monotonic()
    assert time.monotonic() - began < 10, "of 20 s of work"


def test_nothing_goes_through_the_object_store(tmp_path: Path) -> None:
    import ray

    before = ray.available_resources()["object_store_memory"]
    held = ray.put(b"x" * 2**23)
    assert _soon(lambda: ray.available_resources()["object_store_memory"] < before), "it would be seen"
    del held
    assert _soon(lambda: ray.available_resources()["object_store_memory"] == before)
    for number in range(4):
        write_video(tmp_path / f"{number}.mp4", count=30)
    given = ("runtime=torch", "inference.size=64", "progress=false", "encoder.preset=ultrafast")
    config = compose("infer", [f"video={tmp_path}", f"weights={tiny_weights_file(tmp_path)}", *given])
    with Pool(FileWork(config, tmp_path / "out", 1, None), OPTIONS) as pool:
        results = [pool.submit(item) for item in find_footage(str(tmp_path))]
        least = min(_free_after(result) for result in results)
    assert least == before


def _soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def _free_after(result: object) -> float:
    import ray

    result.result(120)
    return ray.available_resources()["object_store_memory"]


def test_data_preparation_spreads_over_the_same_pool() -> None:
    with spreading(ray="local") as spread:
        assert list(spread(abs, range(-6, 0))) == [6, 5, 4, 3, 2, 1]
        with pytest.raises(ValueError, match="invalid literal"):
            list(spread(int, ["1", "one"]))


def test_a_worker_that_cannot_begin_ends_the_wait(tmp_path: Path) -> None:
    with Pool(_unfit, OPTIONS) as pool, pytest.raises(ValueError, match="there are no such weights here"):
        pool.submit("a").result(120)


def test_workers_that_die_while_they_make_ready_end_the_wait() -> None:
    with Pool(_deadly, OPTIONS) as pool:
        with pytest.raises(RuntimeError, match=r"^the worker, or its machine, died while it made ready: "):
            pool.submit("a").result(120)
        assert len(pool.unfit) == 1, "it is said once"


def test_deaths_at_the_beginning_of_some_do_not_keep_others_from_being_hired(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    class Fake(SimpleNamespace):
        hired = task = None

        def __init__(self, *_: object) -> None:
            super().__init__(is_free=False, prepare=lambda tell: None, dismiss=lambda: None)

    monkeypatch.setattr("temporal_colorize.cluster.pool.Hand", Fake)
    pool = Pool(_unfit, ClusterOptions(workers=4, tries=2, wait_seconds=0.0))
    tasks = [Task(number) for number in range(8)]
    for task in tasks:
        pool._waiting.add(task)
    pool._hire()
    ready, *others = pool.hands
    assert len(others) == 3
    pool._prepared(ready, Hired("n", "host", version("temporal-colorize")))
    for hand in others:
        pool._prepared(hand, ray.exceptions.RayActorError())
    pool._hire()
    assert len(pool.hands) == 2, "one at a time is tried"
    pool._prepared(pool.hands[1], Hired("m", "other", version("temporal-colorize")))
    pool._hire()
    assert len(pool.hands) == 4 and not any(task.future.done() for task in tasks)


def _deadly() -> None:
    os._exit(3)


def _unfit() -> None:
    raise ValueError("there are no such weights here")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system pins nothing")
def test_two_workers_have_different_cores() -> None:
    own = os.sched_getaffinity(0)
    try:
        first = take_cores(1)
        one = os.sched_getaffinity(0)
        os.sched_setaffinity(0, own)
        second = take_cores(1)
        other = os.sched_getaffinity(0)
        assert first and len(one) == 1 and (not second or other != one)
        os.sched_setaffinity(0, own)
        assert take_cores(len(own) + 1) == [] and os.sched_getaffinity(0) == own
    finally:
        os.sched_setaffinity(0, own)
        for file in (*first, *second):
            file.close()
