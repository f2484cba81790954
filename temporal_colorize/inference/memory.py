"""Running out of memory, and giving back what is not needed."""

import contextlib
import ctypes

import torch

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h
_LARGE = 1 << 18  # bytes
_ARENAS = 2
_WORDS = ("out of memory", "can't allocate memory", "could not allocate", "failed to allocate", "bad_alloc")


def ran_out(error: Exception) -> bool:
    """Say whether an error is that memory ran out: PyTorch's own, or what other runtimes put into words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(word in str(error).lower() for word in _WORDS)


def settle() -> None:
    """Have large blocks come from the system one by one and go back when they are freed.

    glibc otherwise takes them from heaps that it keeps, one for each thread that ever lived, and each reconnect of a
    camera brings new threads. Of other C libraries nothing is asked.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Have what is left free between small blocks go back to the system, too."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
