"""Tells running out of memory from any other failure, whatever computes."""

import torch

_WORDS = ("out of memory", "can't allocate memory", "could not allocate", "failed to allocate", "bad_alloc")


def ran_out(error: Exception) -> bool:
    """Say whether an error is that memory ran out: PyTorch's own, or what other runtimes put into words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(word in str(error).lower() for word in _WORDS)
