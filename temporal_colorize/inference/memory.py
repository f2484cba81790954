"""Running out of memory, and giving back what is not needed."""

import contextlib
import ctypes

import torch

_WORDS = ("out of memory", "can't allocate memory", "could not allocate", "failed to allocate", "bad_alloc")


def ran_out(error: Exception) -> bool:
    """Say whether an error is that memory ran out: PyTorch's own, or what other runtimes put into words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(word in str(error).lower() for word in _WORDS)


def give_back() -> None:
    """Have freed memory go back to the system; glibc keeps what the threads of a closed connection had, for ever."""
    with contextlib.suppress(OSError, AttributeError):  # another C library needs none of it
        ctypes.CDLL("libc.so.6").malloc_trim(0)
