"""What signals do to a program, each in a process of its own."""

import subprocess
import sys

import pytest

from tests.support.program import ROOT

_BEGIN = """
import os, signal, time
from temporal_colorize.cli import interrupt
def send(number):
    os.kill(os.getpid(), number)
    time.sleep(0.05)
"""
_AFTER_THE_END = """
interrupt.end_soon(grace=0.1)
interrupt.done()
send(signal.SIGTERM)
time.sleep(0.3)
print("summary")
interrupt.leave()
"""
_WHILE_STOPPING = """
interrupt.end_soon(grace=0.3)
try:
    send(signal.SIGINT)
except KeyboardInterrupt:
    send(signal.SIGINT)
    send(signal.SIGTERM)
    interrupt.done()
    time.sleep(0.4)
    print("summary")
"""
_NOHUP = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
interrupt.end_soon(grace=0.1)
send(signal.SIGHUP)
time.sleep(0.3)
print("summary")
"""


@pytest.mark.parametrize("script", [_AFTER_THE_END, _WHILE_STOPPING, _NOHUP])
def test_signals_that_change_nothing(script: str) -> None:
    command = [sys.executable, "-c", _BEGIN + script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=ROOT, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "summary\n", "")


def test_a_signal_that_nothing_answers_ends_the_program() -> None:
    script = (
        "interrupt.end_soon(grace=0.1, note='left', last=lambda line: print(line, flush=True))\n"
        "try:\n    send(2)\nexcept KeyboardInterrupt:\n    time.sleep(9)"
    )
    command = [sys.executable, "-c", _BEGIN + script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=8, cwd=ROOT, check=False)
    assert result.returncode == 130 and "interrupted; left" in result.stderr
    assert result.stdout == "interrupted; left\n"
