"""What more workers of engine=ray bring, and what the engine costs: in turn, medians, start-up aside.

python -m benchmarks.ray [--workers 2 4] [--seconds 4] [--size 640x360] [--rounds 15] [OPTION=VALUE ...]

The clips are copies of the fixed camera of `data_prep.sample_clip`, with noise. In turn one of them, and as many at
once as there are workers, are coloured by processes without Ray that run the plain command's code, and by workers of
Ray. All have opened the weights, each has its threads on one core as far as there are cores, and the turns are short,
as the machine may be faster at one time than at another. Options are those of infer.py.
"""

import argparse
import itertools
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

from temporal_colorize.cluster.coloring import FileWork
from temporal_colorize.cluster.connecting import connected
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.cluster.pool import Pool
from temporal_colorize.config.checking import check_coloring
from temporal_colorize.config.coloring import ListColoring
from temporal_colorize.config.composing import compose
from temporal_colorize.config.preparing import prepare
from temporal_colorize.inference.footage import Footage, find_footage
from temporal_colorize.inference.report import Report
from temporal_colorize.sample.clip import render_sample

_QUIET = ("progress=false", "record=false", "resume=off")


Color = Callable[[list[Footage]], float]  # says in how many seconds files are coloured, all at once


@contextmanager
def by_ray(config: object, folder: Path, *, workers: int) -> Iterator[Color]:
    """Have workers that have coloured before."""
    options = ClusterOptions(workers=workers, pin=workers <= len(os.sched_getaffinity(0)))
    with Pool(FileWork(config, folder / "done", 1, os.getcwd()), options) as pool:

        def seconds(footage: list[Footage]) -> float:
            return timed([pool.submit] * len(footage), footage)

        while sum(hand.is_free for hand in pool.hands) < workers:
            seconds(find_footage(str(folder))[:workers])
        yield seconds


class Plain:
    """The plain command's code in a process of its own, its threads on one core."""

    _color_one: ClassVar[ListColoring]  # of that process

    def __init__(self, config: object, into: Path, cores: set[int]) -> None:
        given = {"initializer": self._begin, "initargs": (config, into, cores)}
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"), **given)

    def submit(self, item: Footage) -> Future:
        return self._process.submit(self._color, item)

    def end(self) -> None:
        self._process.shutdown()

    @classmethod
    def _begin(cls, config: object, into: Path, cores: set[int]) -> None:
        os.sched_setaffinity(0, cores)
        cls._color_one = ListColoring(prepare(config, [], threads=1), into)

    @classmethod
    def _color(cls, item: Footage) -> Report:
        return cls._color_one(item)


@contextmanager
def by_processes(config: object, folder: Path, *, workers: int) -> Iterator[Color]:
    """Have processes without Ray that have coloured before."""
    cores = sorted(os.sched_getaffinity(0))
    own = [{core} for core in cores] if workers <= len(cores) else [set(cores)] * workers
    processes = [Plain(config, folder / "plain", own[number]) for number in range(workers)]

    def seconds(footage: list[Footage]) -> float:
        return timed([process.submit for process in processes], footage)

    try:
        seconds(find_footage(str(folder))[:workers])
        yield seconds
    finally:
        for process in processes:
            process.end()


def timed(submits: list[Callable[[Footage], Future]], footage: list[Footage]) -> float:
    """Hand in a file each and wait for all of them."""
    began = time.perf_counter()
    done = [submit(item) for submit, item in zip(submits, footage, strict=False)]
    assert all(one.result().frames for one in done)
    return time.perf_counter() - began


def judge(config: object, folder: Path, workers: int, rounds: int) -> None:
    """Tell what so many workers are of one, of either kind, and what one of Ray's takes longer than a plain one."""
    footage = find_footage(str(folder))[:workers]
    kinds = {"processes without Ray": by_processes, "workers of Ray": by_ray}
    one, all_of = ({kind: [] for kind in kinds} for _ in range(2))
    with ExitStack() as stack:
        color = {kind: stack.enter_context(have(config, folder, workers=workers)) for kind, have in kinds.items()}
        for _ in range(rounds):
            for kind, (taken, files) in itertools.product(kinds, ((one, footage[:1]), (all_of, footage))):
                color[kind](footage)  # who has rested is slower at first
                taken[kind].append(color[kind](files))
    for kind in kinds:
        times = [workers * alone / both for alone, both in zip(one[kind], all_of[kind], strict=True)]
        print(f"{workers} {kind}: {_told(times)} times one of them", flush=True)
    plain, by_worker = one.values()
    more = [100 * (other / own - 1) for own, other in zip(plain, by_worker, strict=True)]
    print(f"one file by one of them: {_told(more)} % longer by a worker of Ray", flush=True)


def _told(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} (half of the turns: {low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width, height = map(int, arguments.size.split("x"))
        render_sample(folder / "0.mp4", width=width, height=height, seconds=arguments.seconds, noise=2.0, crf=23)
        for number in range(1, max(arguments.workers)):
            shutil.copy(folder / "0.mp4", folder / f"{number}.mp4")
        config = compose("infer", [f"video={folder}", *_QUIET, *arguments.options])
        check_coloring(config)
        with connected(ClusterOptions(workers=max(arguments.workers))):
            for workers in arguments.workers:
                judge(config, folder, workers, arguments.rounds)


if __name__ == "__main__":
    main()
