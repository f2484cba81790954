import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from temporal_colorize.data.loader import fixed_loader

_KILLED = """
import multiprocessing, os, signal
from temporal_colorize.data.loader import fixed_loader
batches = iter(fixed_loader([0, 1, 2, 3], [0, 1, 2, 3], workers=1))
next(batches)
print(multiprocessing.active_children()[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
def test_what_ends_a_trainer_leaves_its_workers_to_it(number: int) -> None:
    before = {*multiprocessing.active_children()}
    batches = iter(fixed_loader([*range(9)], [*range(9)], workers=2))
    given = [next(batches), next(batches)]  # one of each: both have begun
    workers = {*multiprocessing.active_children()} - before
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker.pid, number)
    assert [*given, *batches] == [*range(9)]
    assert all(worker.is_alive() for worker in workers)


def test_workers_end_when_their_trainer_is_killed() -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    until = time.monotonic() + 30  # torch looks every 5 s
    while _is_there(int(killed.stdout)):
        assert time.monotonic() < until
        time.sleep(0.1)


def _is_there(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
