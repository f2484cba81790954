"""Starts a Ray cluster or connects to one, without a word of Ray's on the terminal."""

import contextlib
import importlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from types import ModuleType

from temporal_colorize.cluster.capacity import require_held
from temporal_colorize.cluster.options import LOCAL, ClusterOptions

NEEDED = "work on a cluster needs Ray: pip install '.[ray]' in a checkout"
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}
_OURS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def load_ray() -> ModuleType:
    """Import Ray.

    Raises:
        ModuleNotFoundError: In one line, if it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ModuleNotFoundError(NEEDED, name=error.name) from None


@contextlib.contextmanager
def connected(options: ClusterOptions, *, asked: str = "ray.address=") -> Iterator[None]:
    """Be connected to a cluster, or have one of this machine; in a program that is connected already, use that.

    Args:
        options: See there.
        asked: How the program is given the address, for messages.

    Raises:
        ValueError: If there is none at that address, this machine cannot start one, or it is too small for a worker.
        ModuleNotFoundError: If Ray is not installed.
    """
    ray = load_ray()
    if ray.is_initialized():
        yield
        return
    _require_heard(options, asked)
    _silence(ray)
    handlers = {number: signal.getsignal(number) for number in _OURS}
    try:
        ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **_where(options))
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise ValueError(_refusal(f"{asked}{options.address}", error)) from None
    finally:
        for number, handler in handlers.items():  # Ray has one of its own for SIGTERM
            signal.signal(number, handler)
    try:
        require_held(ray.nodes(), options)
        yield
    finally:
        ray.shutdown()


def _require_heard(options: ClusterOptions, asked: str) -> None:
    """Refuse an address where nobody listens: Ray itself would try it for minutes."""
    host, mark, port = options.address.rpartition("://")[2].rpartition(":")
    if not (mark and port.isdecimal()):  # "auto", "local" and what Ray refuses at once
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=options.connect_seconds).close()
    except (OSError, OverflowError) as error:
        raise ValueError(_refusal(f"{asked}{options.address}", error)) from None


def _silence(ray: ModuleType) -> None:
    """Have nothing printed of workers that died, which Ray does whatever it is told: the pool looks after them."""
    ray._private.worker.print_to_stdstream = lambda *args, **options: None


def _where(options: ClusterOptions) -> dict[str, object]:
    if options.address != LOCAL:
        return {"address": options.address}
    size = options.object_store_mb * 2**20
    return {"address": LOCAL, "include_dashboard": False, "object_store_memory": size} | _processors(options)


def _processors(options: ClusterOptions) -> dict[str, object]:
    """Have a local cluster hold the workers that were asked for, if each by itself has room here."""
    fits = options.workers is not None and options.cores <= (os.cpu_count() or 1)
    return {"num_cpus": options.workers * options.cores} if fits else {}


def _refusal(asked: str, error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"{asked} cannot be used ({said[:200]}); start it by `ray start --head`, or leave it out"
