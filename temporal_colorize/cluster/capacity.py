"""How many workers the machines of a cluster hold."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from temporal_colorize.cluster.options import LOCAL, ClusterOptions

_NAMES = ("CPU", "GPU")
_EVEN = 1e-6  # ten tenths of a GPU are a whole one, whatever floats say


def held(nodes: Iterable[Mapping[str, Any]], options: ClusterOptions) -> int:
    """Say how many workers machines hold, if they do nothing else.

    Args:
        nodes: As `ray.nodes()` has them.
        options: What a worker needs.
    """
    return sum(_on_one(node["Resources"], options) for node in nodes if node["Alive"])


def require_held(nodes: Iterable[Mapping[str, Any]], options: ClusterOptions) -> None:
    """Refuse workers that no machine can ever hold; where machines may join yet, say once what is waited for.

    Raises:
        ValueError: If the cluster is that of this machine.
    """
    if held(nodes := list(nodes), options):
        return
    cores, gpus = (max((_of(node["Resources"], name) for node in nodes if node["Alive"]), default=0) for name in _NAMES)
    said = (
        f"ray.cores={options.cores} ray.gpus={options.gpus:g}: no machine has room for a worker, "
        f"the most is {cores:g} cores, {gpus:g} GPUs"
    )
    if options.address == LOCAL:
        raise ValueError(f"{said}; ask for less, or give ray.address= of a cluster that has them")
    print(f"{said}; waiting for one that has", file=sys.stderr, flush=True)


def _on_one(resources: Mapping[str, float], options: ClusterOptions) -> int:
    by_cores = int(_of(resources, "CPU")) // options.cores
    return min(by_cores, int(_of(resources, "GPU") / options.gpus + _EVEN)) if options.gpus else by_cores


def _of(resources: Mapping[str, float], name: str) -> float:
    return resources.get(name, 0)
