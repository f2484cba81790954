"""Which task goes to which node, and when one is given up."""

import pytest

from temporal_colorize.cluster.tasks import GivenUpError, Task, Waiting


def waiting(*tasks: Task, tries: int = 3, wait: float = 0.0) -> Waiting:
    made = Waiting(tries=tries, wait=wait, is_final=lambda error: isinstance(error, ValueError))
    for task in tasks:
        made.add(task)
    return made


def test_tasks_go_in_turn() -> None:
    first, second = Task("a"), Task("b")
    line = waiting(first, second)
    assert [line.take("n1", {"n1"}), line.take("n1", {"n1"}), line.take("n1", {"n1"})] == [first, second, None]


def test_what_failed_is_tried_on_another_node_if_there_is_one() -> None:
    task, line = Task("a"), waiting()
    line.failed(task, OSError("odd"), "n1", "host1")
    assert line.take("n1", {"n1", "n2"}) is None
    assert line.take("n2", {"n1", "n2"}) is task


def test_what_failed_everywhere_is_tried_anywhere() -> None:
    task, line = Task("a"), waiting()
    line.failed(task, OSError("odd"), "n1", "host1")
    assert line.take("n1", {"n1"}) is task


def test_it_rests_before_it_is_tried_again() -> None:
    task, line = Task("a"), waiting(wait=60.0)
    line.failed(task, OSError("odd"), "n1", "host1")
    assert line.take("n2", {"n1", "n2"}) is None and len(line) == 1


def test_a_bad_file_is_not_tried_again() -> None:
    task, line, error = Task("a"), waiting(), ValueError("no video")
    line.failed(task, error, "n1", "host1")
    assert task.future.exception() is error and not len(line)


def test_it_is_given_up_at_last() -> None:
    task, line = Task("a"), waiting(tries=2)
    line.failed(task, OSError("odd"), "n1", "host1")
    assert not task.future.done()
    line.failed(line.take("n2", {"n2"}), OSError("odd"), "n2", "host2")
    with pytest.raises(GivenUpError, match=r"^given up after 2 tries, the last on host2: odd$"):
        task.future.result()


def test_what_passes_by_itself_is_waited_out_for_a_while() -> None:
    task, busy = Task("a"), BlockingIOError("somebody has it")
    judges = {"is_final": lambda error: False, "is_passing": lambda error: error is busy}
    line = Waiting(tries=1, wait=0.0, patience=60.0, **judges)
    for _ in range(5):
        line.failed(task, busy, "n1", "host1")
        assert line.take("n1", {"n1", "n2"}) is task, "it may be done anywhere"
    impatient = Waiting(tries=1, wait=0.0, patience=0.0, **judges)
    impatient.failed(task, busy, "n1", "host1")
    with pytest.raises(GivenUpError, match="somebody has it"):
        task.future.result()


def test_what_comes_after_the_end_ends_at_once() -> None:
    early, late = Task("a"), Task("b")
    line = waiting(early)
    line.end(OSError("gone"))
    line.add(late)
    assert all(str(task.future.exception()) == "gone" for task in (early, late))
