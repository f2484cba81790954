"""`engine=ray` as a user runs it: on a cluster of several nodes, on which something dies."""

import glob
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.networks import tiny_weights_file
from tests.support.nodes import cluster_of
from tests.support.program import ENVIRONMENT, ROOT
from tests.support.program import run as run_program
from tests.support.videos import assert_same_frames, packets_of, write_video

NAMES = ("a", "b", "c")
QUICK = ("weights=tiny.safetensors", "inference.size=128", "segment=20", "progress=false", "runtime=torch")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage, and what the plain command makes of it, in `plain`."""
    pytest.importorskip("ray")
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "footage").mkdir()
    for number, name in enumerate(NAMES):
        write_video(
            folder / f"footage/{name}.mp4", count=100 + 20 * number, width=320, height=240, audio="aac",
            options={"crf": "20", "g": "30"},
        )  # fmt: skip
    tiny_weights_file(folder)
    done = run_program("infer.py", "video=footage", "output=plain", *QUICK, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def nodes() -> Iterator[tuple[object, list[object]]]:
    with cluster_of(2) as made:
        yield made


def start(folder: Path, output: str, *options: str, video: str = "footage") -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "infer.py"), f"video={video}", f"output={output}", "engine=ray", *QUICK]
    return subprocess.Popen(
        [*command, "ray.wait_seconds=0.2", *options], cwd=folder, env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def until(holds: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while not holds():
        assert process.poll() is None, f"it ended too early: {process.communicate()}"
        assert time.monotonic() < deadline, "it does not get there"
        time.sleep(0.02)


def finished(folder: Path, output: str) -> list[Path]:
    return list((folder / output).glob("*.mp4"))


def at_work(folder: Path, output: str) -> list[Path]:
    return list((folder / output).glob(".*.job/*.packets"))


def listed(*chosen: str) -> set[int]:
    found = subprocess.run(["pgrep", *chosen], capture_output=True, text=True, check=False)  # 1 if there are none
    return {int(line) for line in found.stdout.split()}


def workers(parent: int | None = None) -> set[int]:
    """The processes that colour: all of this machine, or those that one started, itself or through others."""
    named, started, below = listed("-f", "^ray::Worker"), set(), {parent}
    if parent is None:
        return named
    while below := listed("-P", ",".join(map(str, below))):
        started |= below
    return named & started


def holder(file: Path) -> int:
    """The one of this test's that colours and has a file open."""
    return next(
        pid for pid in workers(os.getpid()) for opened in Path(f"/proc/{pid}/fd").iterdir() if opened.resolve() == file
    )


def assert_all_same(folder: Path, output: str) -> None:
    for name in NAMES:
        one, other = (folder / made / f"{name}.color.mp4" for made in ("plain", output))
        assert_same_frames(one, other)
        assert packets_of(one, "audio") == packets_of(other, "audio")
    hidden = [path for path in (folder / output).iterdir() if path.name.startswith(".")]
    assert not hidden


def test_a_node_that_dies_loses_nothing(plain: Path, nodes: tuple[object, list[object]]) -> None:
    cluster, (first, _) = nodes
    process = start(plain, "node", f"ray.address={cluster.address}", "report=node.json")
    until(lambda: len(at_work(plain, "node")) > 1, process)
    cluster.remove_node(first, allow_graceful=False)
    said, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, ""), "Ray keeps to itself"
    assert "3 files: 3 coloured\n" in said and said.count("\n") == 4
    assert_all_same(plain, "node")


@pytest.mark.slow
def test_a_worker_that_dies_loses_no_segment(plain: Path, nodes: tuple[object, list[object]]) -> None:
    cluster, _ = nodes
    process = start(plain, "worker", f"ray.address={cluster.address}")
    second = f"{plain}/worker/.*.job/000001.packets"
    until(lambda: glob.glob(second), process)  # the first is in the journal
    os.kill(holder(Path(glob.glob(second)[0]).with_name("lock")), signal.SIGKILL)
    said, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, "") and "3 files: 3 coloured" in said
    assert " of them by an earlier run" in said, "the segments of the one that died"
    assert_all_same(plain, "worker")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_after_the_program_was_stopped(plain: Path, number: int) -> None:
    output = f"driver{number}"
    process = start(plain, output, "ray.workers=2")
    until(lambda: finished(plain, output) and list((plain / output).glob(".temporal*")), process)
    started = workers(process.pid)
    assert started
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if number == signal.SIGINT:
        assert process.returncode == 130 and errors.count("\n") == 1 and "interrupted" in errors
    deadline = time.monotonic() + 60
    while started & workers():
        assert time.monotonic() < deadline, "workers outlive the program"
        time.sleep(0.1)
    process = start(plain, output, "ray.workers=2")
    said, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, "")
    assert "by an earlier run" in said.splitlines()[-1]
    assert_all_same(plain, output)


@pytest.mark.slow
def test_a_long_video_is_coloured_by_all_though_a_worker_dies(plain: Path, nodes: tuple[object, list[object]]) -> None:
    cluster, _ = nodes
    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    options = (f"ray.address={cluster.address}", "ray.long=50", "report=split.json")
    process = start(plain, "split.mp4", *options, video="footage/c.mp4")
    until(lambda: len(list(plain.glob(".split.mp4.job/*.part"))) > 1, process)  # two at work on it
    os.kill(min(workers(os.getpid())), signal.SIGKILL)
    said, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, "") and "split.mp4: 140 frames in" in said
    assert_same_frames(plain / "plain/c.color.mp4", plain / "split.mp4")
    assert packets_of(plain / "plain/c.color.mp4", "audio") == packets_of(plain / "split.mp4", "audio")
    assert json.loads((plain / "split.json").read_text())["frames"] == 140


@pytest.mark.slow
def test_what_the_plain_command_began_a_cluster_goes_on_with(plain: Path) -> None:
    command = [sys.executable, str(ROOT / "infer.py"), "video=footage", "output=both", *QUICK]
    process = subprocess.Popen(command, cwd=plain, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
    until(lambda: list((plain / "both").glob(".temporal*")) and at_work(plain, "both"), process)
    process.kill()
    process.communicate()
    process = start(plain, "both", "ray.workers=1")
    said, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, "")
    assert "1 by an earlier run" in said and " of them by an earlier run" in said
    assert_all_same(plain, "both")
