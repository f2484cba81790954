"""Pipes that pictures go down: to whoever reads our standard output, or to a process that publishes them.

PyAV keeps Python's lock while FFmpeg opens an output, so that a server that does not answer would stop every camera of
the program, and its end, too. What is published therefore goes through a process of its own, which can be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable

from temporal_colorize.video.live.addresses import scrubbed

BETWEEN = "nut"  # the container on the way to a publisher: any codec, any clock
_TICK = 0.1  # seconds after which a write that waits sees that it should stop
_ROOM = 1 << 17  # bytes on the way to a publisher: what waits there is late by a second or two
_END = 0.5  # seconds that a publisher may take to end


class Pipe:
    """A pipe to write to, for PyAV; writing waits for the reader.

    Args:
        descriptor: of the pipe.
        stopped: says whether to give up waiting.
        patience: seconds to wait for the reader; None for as long as it takes.
    """

    def __init__(self, descriptor: int, stopped: Callable[[], bool], *, patience: float | None = None) -> None:
        self._descriptor, self._stopped, self._patience = descriptor, stopped, patience
        self.name = f"pipe:{descriptor}"
        os.set_blocking(descriptor, False)

    def write(self, data: bytes) -> int:
        """Write all of it.

        Raises:
            BrokenPipeError: If the reader is gone.
            TimeoutError: If it takes no more, and that was waited for long enough, or writing was stopped.
        """
        view, since = memoryview(data), time.monotonic()
        while view:
            _, ready, _ = select.select([], [self._descriptor], [], _TICK)
            if ready:
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(self._descriptor, view) :]
                    since = time.monotonic()
            elif self._stopped() or (self._patience is not None and time.monotonic() - since > self._patience):
                raise TimeoutError("the reader takes no more")
        return len(data)

    @property
    def is_read(self) -> bool:
        """Whether there is still a reader."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return not poll.poll(0)

    def close(self) -> None:
        """Leave the pipe; nothing is to be done for standard output."""

    def end(self) -> str | None:
        """Close, and say why whoever read ended before; None if it did not say."""
        self.close()
        return None


class Publisher(Pipe):
    """Publishes at an address, in a process of its own, which ends at the latest when the thread that made this does.

    Args:
        address: may hold secrets; they appear on no command line.
        format: FFmpeg's name of the container.
        options: of the container.
        patience: seconds to wait for it.
        stopped: says whether to give up waiting.
    """

    def __init__(
        self, address: str, format: str, options: dict[str, str], *, patience: float, stopped: Callable[[], bool]
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "temporal_colorize.video.live.publisher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard is for us, and we tell it
        )
        super().__init__(self._process.stdin.fileno(), stopped, patience=patience)
        self._widen()
        order = {"parent": os.getpid(), "address": address, "format": format, "options": options}
        self.write(json.dumps(order).encode() + b"\n")

    def close(self) -> None:
        """Let it finish what is on its way, for half a second."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END)
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()

    def end(self) -> str | None:
        """End it now, and say what it said."""
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_TICK)  # it may be about to say why
        self._process.kill()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        self._process.stderr.close()
        self._process.wait()
        return scrubbed(said[-1]) if said else None

    def _widen(self) -> None:
        import fcntl

        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _ROOM)
