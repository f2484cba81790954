"""What infer.py does with engine=ray. Heavy imports are inside."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cluster.connecting import NEEDED
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.remote import RemotePath

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.config.preparing import Prepared
    from temporal_colorize.inference.batch import Run
    from temporal_colorize.inference.footage import Footage


def cluster_options(config: "DictConfig") -> ClusterOptions:
    """Read `ray.*`.

    Raises:
        ValueError: If an option is unknown, or its value is none.
    """
    if unknown := sorted({*config.ray} - {*ClusterOptions.__dataclass_fields__}):
        raise ValueError(f"ray.{unknown[0]} is no option: see conf/ray/default.yaml")
    return ClusterOptions(**config.ray)


def check_cluster(config: "DictConfig") -> None:
    """Refuse what a cluster cannot be had with, before anything heavy is loaded.

    Raises:
        ValueError: That names the option.
        ModuleNotFoundError: If Ray is not installed.
    """
    cluster_options(config)
    if find_spec("ray") is None:
        raise ModuleNotFoundError(NEEDED, name="ray")


def of_worker(config: "DictConfig") -> "DictConfig":
    """Return with what a worker colours: one that was given no GPU takes none, though its machine has some."""
    from omegaconf import OmegaConf

    return config if config.ray.gpus or config.device != "auto" else OmegaConf.merge(config, {"device": "cpu"})


@contextmanager
def spread(
    config: "DictConfig", prepared: "Prepared", footage: "Sequence[Footage]", into: Path | RemotePath | None
) -> "Iterator[Run]":
    """Be connected to the cluster that the configuration names; yield what colours files there."""
    from temporal_colorize.cluster.coloring import FileWork, by_workers, is_final, is_passing
    from temporal_colorize.cluster.connecting import connected
    from temporal_colorize.cluster.pool import Pool
    from temporal_colorize.cluster.progress import JobLine
    from temporal_colorize.cluster.splitting import Splitting

    options = cluster_options(config)
    places = [place for item in footage for place in (item.source, item.output(into))]
    folder = None if all(isinstance(place, RemotePath) for place in places) else os.getcwd()
    judges = {"is_final": is_final, "is_passing": is_passing}
    drawn = {"every": options.look_seconds, "shown": config.progress}
    with (
        connected(options),
        ExitStack() as leading,
        Pool(FileWork(of_worker(config), into, options.cores, folder), options, **judges) as pool,
        JobLine(lambda: pool.hands, lines_every=config.progress_seconds, **drawn) as line,
    ):
        split = Splitting(prepared, pool, line, into=into, least=options.long) if _can_split(config) else None
        if split is not None:
            leading.callback(split.wait, options.stop_seconds)
        yield by_workers(pool, line, split)
        line.clear()
        for error in pool.unfit:
            print(f"a worker could not begin: {error}", file=sys.stderr, flush=True)


def _can_split(config: "DictConfig") -> bool:
    """Say whether nothing has to see all frames of a video in order, and this program computes as the workers do."""
    return config.sheet in (None, False) and config.direction == "forward" and not config.ray.gpus
