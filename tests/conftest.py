"""One thread a test: the networks here are tiny, and two cores are easily crowded."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator

import absl.logging
import cv2
import pytest
import torch

# Where Hydra sets logging up anew, absl (by NNCF) closes what it took for standard error: here, pytest's own stream.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__
torch.set_num_threads(1)
cv2.setNumThreads(1)

# Converted networks are kept for all tests of a run, and not among the user's own.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="temporal-colorize-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
os.environ["RAY_AUTH_MODE"] = "disabled"  # clusters of these tests leave no token in the user's folder

# Under nohup, or behind a shell's "&", the programs that are tested would ignore these, too.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture(autouse=True)
def no_handler_of_ended_children() -> Iterator[None]:
    """PyTorch's loader leaves its SIGCHLD handler behind. Once OpenVINO has been loaded, the kernel fails to call it (a
    SIGSEGV of code SI_KERNEL while waiting for a program), and no test needs it."""
    yield
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
