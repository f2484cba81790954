"""How many workers a cluster holds, and what is said where that is none."""

import pytest

from temporal_colorize.cluster.capacity import held, require_held
from temporal_colorize.cluster.connecting import connected
from temporal_colorize.cluster.options import ClusterOptions


def node(*, alive: bool = True, **resources: float) -> dict[str, object]:
    return {"Alive": alive, "Resources": resources}


NODES = [node(CPU=8.0, GPU=1.0), node(CPU=3.0), node(CPU=2.0, GPU=4.0), node(alive=False, CPU=64.0, GPU=8.0)]


@pytest.mark.parametrize(
    ("needs", "workers"),
    [
        ({}, 13),
        ({"cores": 2}, 4 + 1 + 1),
        ({"cores": 4}, 2),
        ({"gpus": 1}, 1 + 2),
        ({"gpus": 0.1}, 8 + 2),
        ({"gpus": 2}, 2),
        ({"cores": 2, "gpus": 0.5}, 2 + 1),
        ({"cores": 9}, 0),
        ({"cores": 3, "gpus": 2}, 0),
    ],
)
def test_a_worker_needs_its_cores_and_gpus_on_one_machine(needs: dict[str, float], workers: int) -> None:
    assert held(NODES, ClusterOptions(**needs)) == workers


def test_tenths_of_a_gpu_make_a_whole_one() -> None:
    assert held([node(CPU=16.0, GPU=1.0)], ClusterOptions(gpus=0.1)) == 10


def test_this_machine_does_not_grow() -> None:
    says = (
        r"^ray\.cores=64 ray\.gpus=0: no machine has room for a worker, the most is 8 cores, 4 GPUs; ask for less, or"
    )
    with pytest.raises(ValueError, match=says):
        require_held(NODES, ClusterOptions(cores=64))
    with pytest.raises(ValueError, match=r"^ray\.cores=3 ray\.gpus=2: no machine has room for a worker"):
        require_held(NODES, ClusterOptions(cores=3, gpus=2))


def test_a_cluster_may_grow(capsys: pytest.CaptureFixture[str]) -> None:
    options = ClusterOptions(address="auto", gpus=1)
    require_held(NODES, options)
    assert capsys.readouterr().err == ""
    require_held([node(CPU=2.0)], options)
    said = "no machine has room for a worker, the most is 2 cores, 0 GPUs; waiting for one that has"
    assert capsys.readouterr().err == f"ray.cores=1 ray.gpus=1: {said}\n"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [None, 1])
def test_a_real_cluster_of_this_machine_is_refused_and_ended(workers: int | None) -> None:
    ray = pytest.importorskip("ray")
    with pytest.raises(ValueError, match=r"^ray\.cores=4096 ray\.gpus=0: "):
        connected(ClusterOptions(cores=4096, workers=workers)).__enter__()
    assert not ray.is_initialized()
