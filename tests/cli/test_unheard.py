"""What programs do where nobody reads what they say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import ENVIRONMENT, ROOT

_WORK = """
import sys
from pathlib import Path
from temporal_colorize.cli.guard import guarded
def work():
    for stream in (sys.stdout, sys.stderr):
        print("half of it is done", file=stream, flush=True)
    Path(sys.argv[1]).write_text("all of it")
    print("done")
guarded(work)
"""


def unheard(*arguments: str, **env: str) -> int:
    """Run Python with both streams into a pipe whose reader has left; return the exit status."""
    reading, writing = os.pipe()
    os.close(reading)
    command, env = [sys.executable, *arguments], ENVIRONMENT | env
    try:
        done = subprocess.run(command, stdout=writing, stderr=writing, cwd=ROOT, env=env, timeout=20, check=False)
    finally:
        os.close(writing)
    return done.returncode


@pytest.mark.parametrize("env", [{"PYTHONUNBUFFERED": ""}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_the_work_is_finished(tmp_path: Path, env: dict[str, str]) -> None:
    assert unheard("-c", _WORK, str(tmp_path / "output"), **env) == 0
    assert (tmp_path / "output").read_text() == "all of it"


@pytest.mark.parametrize("arguments", [("infer.py", "--help"), ("serve.py", "--version")])
def test_so_is_what_only_says_something(arguments: tuple[str, ...]) -> None:
    assert unheard(*arguments, PYTHONUNBUFFERED="") == 0


def test_a_refusal_stays_one() -> None:
    assert unheard("infer.py", "video=nowhere.mp4", PYTHONUNBUFFERED="") == 2


def test_what_is_read_is_not_changed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WORK, str(tmp_path / "output")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, timeout=20, check=False)
    assert (done.stdout, done.stderr) == ("half of it is done\ndone\n", "half of it is done\n")
