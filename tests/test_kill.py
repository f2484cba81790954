"""`kill -9` at any moment, and the same command again."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.networks import tiny_weights_file
from tests.support.program import ENVIRONMENT, ROOT
from tests.support.videos import assert_same_frames, packets_of, write_video

OPTIONS = ("inference.size=128", "segment=20", "progress=false")


def command(folder: Path, output: str) -> list[str]:
    names = {"video": "a.mp4", "output": output, "weights": "tiny.safetensors"}
    arguments = [f"{name}={folder / file}" for name, file in names.items()]
    return [sys.executable, str(ROOT / "infer.py"), *arguments, *OPTIONS]


def start(folder: Path, output: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(folder, output), cwd=ROOT, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def prepare(folder: Path, *, count: int, width: int, height: int) -> None:
    """Make a source and its uninterrupted colouring, whole.mp4."""
    write_video(
        folder / "a.mp4", count=count, width=width, height=height, audio="aac", options={"crf": "20", "g": "30"}
    )
    tiny_weights_file(folder)
    done = start(folder, "whole.mp4")
    _, errors = done.communicate(timeout=300)
    assert done.returncode == 0, errors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of 240 frames and its uninterrupted colouring."""
    folder = tmp_path_factory.mktemp("kill")
    prepare(folder, count=240, width=320, height=240)
    return folder


def kill_and_resume(folder: Path, *, kills: int) -> str:
    """Kill a run that often, at random moments and always further on, then let it end; return what it says."""
    rng = random.Random(0)
    for number in range(kills):
        process = start(folder, "pieces.mp4")
        wait_for(folder / ".pieces.mp4.job" / f"{2 * number:06}.packets")
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (folder / "pieces.mp4").exists(), "it was done before it was killed: make the source longer"
    process = start(folder, "pieces.mp4")
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return said


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "the program does not get there"
        time.sleep(0.01)


def assert_same(folder: Path) -> None:
    whole, pieces = folder / "whole.mp4", folder / "pieces.mp4"
    assert_same_frames(whole, pieces)
    assert packets_of(whole, "audio") == packets_of(pieces, "audio")
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


def test_killed_a_few_times(folder: Path) -> None:
    assert ": 240 frames in " in kill_and_resume(folder, kills=3)
    assert_same(folder)


@pytest.mark.slow
def test_killed_many_times(tmp_path: Path) -> None:
    prepare(tmp_path, count=2400, width=640, height=480)
    said = kill_and_resume(tmp_path, kills=25)
    assert ": 2400 frames in " in said and "of them by an earlier run" in said
    assert_same(tmp_path)


def test_a_closed_terminal_ends_it_and_says_how_to_go_on(folder: Path) -> None:
    (folder / "pieces.mp4").unlink(missing_ok=True)
    process = start(folder, "pieces.mp4")
    wait_for(folder / ".pieces.mp4.job" / "000001.packets")
    process.send_signal(signal.SIGHUP)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "the same command goes on from there" in errors and errors.count("\n") == 1
    assert not (folder / "pieces.mp4").exists()
    assert " of them by an earlier run" in kill_and_resume(folder, kills=0)
    assert_same(folder)
