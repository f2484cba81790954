"""The programs as a user runs them."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HANDLED = signal.SIGINT, signal.SIGTERM, signal.SIGHUP  # by some of the programs
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(
    script: str, *arguments: str, folder: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a top-level script to its end."""
    return _run([str(ROOT / script), *arguments], folder, env)


def here(program: Callable[[], None], *arguments: str) -> tuple[int, str, str]:
    """Run a program in this process; return its exit status and what it says."""
    out, error, argv = io.StringIO(), io.StringIO(), sys.argv
    handlers = {number: signal.getsignal(number) for number in _HANDLED}
    sys.argv = ["program.py", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            program()
    except SystemExit as ended:
        return ended.code, out.getvalue(), error.getvalue()
    finally:
        sys.argv = argv
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(-1)  # or the next signal in this process would end it
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return 0, out.getvalue(), error.getvalue()


def run_module(module: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python -m module` to its end."""
    env = {"PYTHONPATH": str(ROOT)} if folder else None
    return _run(["-m", module, *arguments], folder, env)


def _run(
    arguments: list[str], folder: Path | None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command, env = [sys.executable, *arguments], ENVIRONMENT | (env or {})
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder or ROOT, check=False)


def start(script: str, *arguments: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a top-level script and do not wait; its output is thrown away."""
    command = [sys.executable, str(ROOT / script), *arguments]
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=ENVIRONMENT, cwd=folder or ROOT, **nowhere)
