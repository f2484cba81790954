"""What more workers of engine=ray bring, and what the engine costs: each in turn, medians, start-up aside.

python -m benchmarks.ray [--workers 1 2 4] [--clips 4] [--seconds 4] [--size 640x360] [--rounds 5] [OPTION=VALUE ...]

The clips are copies of the fixed camera of `data_prep.sample_clip`, with noise. Workers against one: all clips, by
workers that have opened the weights, each with its threads on one core, as far as there are cores. The engine against
the plain command: one clip, by one such worker, and by the command's own code in this process with its threads on one
core. Options are those of infer.py.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

from temporal_colorize.cluster.coloring import FileWork
from temporal_colorize.cluster.connecting import connected
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.cluster.pool import Pool
from temporal_colorize.config.checking import check_coloring
from temporal_colorize.config.composing import compose
from temporal_colorize.config.preparing import prepare
from temporal_colorize.inference.footage import Footage, find_footage
from temporal_colorize.sample.clip import render_sample

_QUIET = ("progress=false", "record=false", "resume=off")


@contextmanager
def warm(config: object, folder: Path, *, workers: int) -> Iterator[Callable[[list[Footage]], float]]:
    """Have workers that have coloured before; yield what says in how many seconds they colour files."""
    options = ClusterOptions(workers=workers, pin=workers <= len(os.sched_getaffinity(0)))
    with Pool(FileWork(config, folder / "done", 1, os.getcwd()), options) as pool:

        def seconds(footage: list[Footage]) -> float:
            began = time.perf_counter()
            done = [pool.submit(item) for item in footage]
            wait(done)
            took = time.perf_counter() - began
            assert all(one.result().frames for one in done)
            return took

        while sum(hand.is_free for hand in pool.hands) < workers:
            seconds([*find_footage(str(folder))[:workers]])
        yield seconds


def plainly(config: object, folder: Path, item: Footage) -> Callable[[], float]:
    """Return what says in how many seconds the plain command's own code colours a file, once it is prepared."""
    prepared = prepare(config, [item.source], threads=1)
    output = item.output(folder / "plain")
    output.parent.mkdir(exist_ok=True)

    def seconds() -> float:
        began = time.perf_counter()
        prepared.colorize(item.source, output)
        return time.perf_counter() - began

    return seconds


def on_one_core(call: Callable[[], float]) -> float:
    """Call with this thread, and those it starts, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return call()
    finally:
        os.sched_setaffinity(0, cores)


def scaling(config: object, folder: Path, footage: list[Footage], counts: list[int], rounds: int) -> None:
    """Tell what so many workers are of the first count."""
    taken: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(rounds):
        for workers, seconds in taken.items():
            with warm(config, folder, workers=workers) as color:
                seconds.append(color(footage))
    print(f"{len(footage)} clips, {len(os.sched_getaffinity(0))} cores", flush=True)
    for workers, seconds in taken.items():
        times = statistics.median(first / own for first, own in zip(taken[counts[0]], seconds, strict=True))
        print(f"{workers} workers: {statistics.median(seconds):.2f} s, {times:.2f} times", flush=True)


def overhead(config: object, folder: Path, item: Footage, rounds: int) -> None:
    """Tell what the engine adds to the plain command, of one file."""
    plain, by_ray = [], []
    command = on_one_core(lambda: plainly(config, folder, item))
    on_one_core(command)
    with warm(config, folder, workers=1) as color:
        for _ in range(rounds):
            plain.append(on_one_core(command))
            by_ray.append(color([item]))
    one, other = statistics.median(plain), statistics.median(by_ray)
    print(f"1 clip: plain {one:.2f} s, engine=ray {other:.2f} s: {100 * (other / one - 1):+.1f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width, height = map(int, arguments.size.split("x"))
        render_sample(folder / "0.mp4", width=width, height=height, seconds=arguments.seconds, noise=2.0, crf=23)
        for number in range(1, arguments.clips):
            shutil.copy(folder / "0.mp4", folder / f"{number}.mp4")
        config = compose("infer", [f"video={folder}", *_QUIET, *arguments.options])
        check_coloring(config)
        footage = find_footage(str(folder))
        with connected(ClusterOptions(workers=max(arguments.workers))):
            scaling(config, folder, footage, arguments.workers, arguments.rounds)
            overhead(config, folder, footage[0], arguments.rounds)


if __name__ == "__main__":
    main()
