"""One function over many things, by this process, by several, or by a cluster; always in order."""

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing import get_context
from typing import Any

from temporal_colorize.options import require_number

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]  # as the builtin map


@contextmanager
def spreading(*, workers: int = 0, ray: str | None = None) -> Iterator[Spread]:
    """Give what is called as `map` is, with the same results in the same order; nothing starts before its first call.

    The function and what it is given travel to other processes and, with `ray`, to other machines, which must see the
    same files by the same names. What it returns should be small.

    Args:
        workers: Processes beside this one; 0 for this one alone.
        ray: The address of a Ray cluster whose workers do it instead, as many as it has cores for; "local" for one of
            this machine. A worker that dies is replaced, what it had in work is done again, and so is what failed for
            a reason that is not its own.

    Raises:
        ValueError: If an option is out of its range, or both are given.
    """
    require_number("--workers", workers, least=0)
    if workers and ray is not None:
        raise ValueError(f"--workers {workers} and --ray {ray}: give one of them; a cluster has workers of its own")
    with ExitStack() as stack:
        begun = cache(lambda: _begin(stack, workers, ray))
        yield lambda work, items: begun()(work, items)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `spreading` to a program."""
    parser.add_argument("--workers", type=int, default=0, help="more processes")
    parser.add_argument("--ray", metavar="ADDRESS", help="of a Ray cluster that works instead; local: of this machine")


def _begin(stack: ExitStack, workers: int, ray: str | None) -> Spread:
    if ray is not None:
        return _by_cluster(stack, ray)
    if workers:  # FFmpeg's threads do not survive a fork
        return stack.enter_context(get_context("spawn").Pool(workers)).imap
    return map


def _by_cluster(stack: ExitStack, address: str) -> Spread:
    from temporal_colorize.cluster.connecting import connected
    from temporal_colorize.cluster.options import ClusterOptions
    from temporal_colorize.cluster.pool import Pool

    options = ClusterOptions(address=address)
    stack.enter_context(connected(options, asked="--ray "))
    pool = stack.enter_context(Pool(_hand, options))
    return lambda work, items: pool.in_order((work, item) for item in items)


def _hand() -> Callable[[tuple[Callable[[Any], Any], Any], object], Any]:
    """Return what a worker does with a task; nobody follows how far it is."""
    return lambda task, _: task[0](task[1])
