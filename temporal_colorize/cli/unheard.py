"""Lets a program finish its work where nobody reads any more what it says of it (`| head`)."""

import io
import sys


class _Unheard(io.FileIO):
    """A standard stream that drops what is written after its reader has left."""

    def write(self, data: bytes) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def finish_unheard() -> None:
    """Have standard output and error no longer raise BrokenPipeError; streams that were put in their place stay."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, f"__{name}__"):
            continue
        raw = _Unheard(stream.fileno(), "wb", closefd=False)
        given = {key: getattr(stream, key) for key in ("encoding", "errors", "line_buffering", "write_through")}
        # PYTHONUNBUFFERED is to write through all the way.
        setattr(sys, name, io.TextIOWrapper(raw if stream.write_through else io.BufferedWriter(raw), **given))
