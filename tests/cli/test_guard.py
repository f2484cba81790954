"""What a program prints of errors that nobody foresaw, in a process of its own."""

import subprocess
import sys

import pytest

from tests.support.program import ROOT

_BEGIN = """
import threading
from temporal_colorize.cli.guard import guarded
def fail():
    raise RuntimeError("no answer\\n  from rtsp://bob:hunter2@cam:554/x?token=hunter2, again")
def fail_twice():
    try:
        fail()
    except RuntimeError as error:
        raise OSError("at rtmp://host/live/hunter2") from error
def fail_in_a_thread():
    thread = threading.Thread(target=fail_twice, name="source door")
    thread.start()
    thread.join()
def refuse():
    raise ValueError("video=rtsp://bob:hunter2@cam/x")
"""


def said(function: str, **env: str) -> tuple[int, str]:
    command = [sys.executable, "-c", f"{_BEGIN}guarded({function})"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=ROOT, env=env, check=False)
    assert "hunter2" not in result.stderr and not result.stdout
    return result.returncode, result.stderr


@pytest.mark.parametrize(("function", "status"), [("fail_twice", 1), ("fail_in_a_thread", 0)])
def test_a_traceback_is_whole_and_gives_nothing_away(function: str, status: int) -> None:
    code, text = said(function)
    assert code == status and text.count("Traceback (most recent call last):\n") == 2
    assert "RuntimeError: no answer\n  from rtsp://***@cam:554/x?token=***" in text
    assert "\nOSError: at rtmp://host/live/***\n" in text and "in fail_twice\n" in text
    assert ("Exception in thread source door:\n" in text) == (status == 0)


def test_so_does_what_is_refused_where_the_traceback_is_asked_for() -> None:
    assert said("refuse") == (2, "-c: error: video=rtsp://***@cam/x\n")
    code, text = said("refuse", TEMPORAL_COLORIZE_DEBUG="1")
    assert code == 1 and text.endswith("\nValueError: video=rtsp://***@cam/x\n") and "in refuse" in text
