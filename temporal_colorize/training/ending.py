"""How a training ends whose machine is taken from it: the signals that say so, and the exit status. Without torch."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STATUS = 75  # EX_TEMPFAIL of sysexits.h: try again later
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class PreemptedError(SystemExit):
    """Ends the program with exit status 75; nothing that catches errors takes it for one."""

    def __init__(self) -> None:
        super().__init__(STATUS)


@contextmanager
def preempted_by_signals() -> Iterator[None]:
    """Have the signals that nobody else handles end the program at once, for as long as there is no step to keep.

    Raises:
        PreemptedError: When one comes.
    """
    of_main = threading.current_thread() is threading.main_thread()
    free = [number for number in SIGNALS if of_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in free:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in free:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    raise PreemptedError
