"""What is refused before a cluster is touched."""

import importlib.util
import socket
import sys
import time
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.cluster.connecting import connected, load_ray
from temporal_colorize.cluster.options import ClusterOptions
from tests.support.program import here


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"workers": 0}, "ray.workers=0 must be a whole number of at least 1"),
        ({"connect_seconds": 0}, "ray.connect_seconds=0 must be a number of at least 0.1"),
        ({"cores": 0}, "ray.cores=0 must be a whole number of at least 1"),
        ({"tries": 0}, "ray.tries=0 must be a whole number of at least 1"),
        ({"address": ""}, "ray.address= must be the address of a cluster, or local"),
        ({"pin": 3}, "ray.pin=3 is unknown: choose true, false"),
        ({"gpus": -1}, "ray.gpus=-1 must be a number of at least 0"),
    ],
)
def test_options_out_of_range(option: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        ClusterOptions(**option)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["engine=cluster"], "engine=cluster is unknown: choose plain, ray"),
        (["engine=ray", "ray.workers=0"], "ray.workers=0 must be a whole number of at least 1"),
        (["engine=ray", "variants=2"], "variants=2 are made of a file of this machine, without engine=ray"),
        (["engine=ray", "weights=no.safetensors"], "no.safetensors"),
        (
            ["engine=ray", "video=frames/%05d.png"],
            "video=frames/%05d.png: numbered pictures are coloured without engine",
        ),
        (["ray.workers=2"], "ray.workers=2 needs engine=ray"),
    ],
)
def test_bad_options_are_refused_before_ray_starts(given: list[str], says: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    status, said, errors = here(cli.infer, f"video={source}", *given)
    assert (status, said) == (2, "") and says in errors and errors.count("\n") == 1
    assert "ray" not in sys.modules or not sys.modules["ray"].is_initialized()


def test_without_ray_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^work on a cluster needs Ray: pip install '\.\[ray\]' in a checkout$"
    ):
        load_ray()
    find = importlib.util.find_spec
    monkeypatch.setattr("temporal_colorize.cli.spreading.find_spec", lambda name: None if name == "ray" else find(name))
    status, _, errors = here(cli.infer, f"video={tmp_path / 'a.mp4'}", "engine=ray")
    assert (
        status == 2 and errors == "program.py: error: work on a cluster needs Ray: pip install '.[ray]' in a checkout\n"
    )


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nobody_listens_is_refused_soon(scheme: str) -> None:
    pytest.importorskip("ray")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken, but not listening
        address, began = f"{scheme}127.0.0.1:{taken.getsockname()[1]}", time.monotonic()
        with pytest.raises(ValueError, match=rf"^ray\.address={address} cannot be used \(.*refused\); start it by"):
            connected(ClusterOptions(address=address, connect_seconds=2)).__enter__()
    assert time.monotonic() - began < 10, "Ray would try for minutes"
