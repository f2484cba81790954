"""Knows files again."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SAMPLES, _SAMPLE = 64, 1 << 20  # so many bytes at so many places know a source again


def describe(*files: Path, most: int | None = None) -> dict[str, object]:
    """Describe files so that they are known again: size, and a hash of up to 64 MiB spread over them.

    Args:
        files: The files.
        most: Bytes of each that count; None for all.
    """
    digest = hashlib.blake2b(digest_size=16)
    sizes = [min(path.stat().st_size, most or sys.maxsize) for path in files]
    digest.update(repr([(path.name, size) for path, size in zip(files, sizes, strict=True)][1:]).encode())
    samples = max(1, _SAMPLES // len(files))
    for path, size in list(zip(files, sizes, strict=True))[:: -(-len(files) // _SAMPLES)]:
        with path.open("rb") as file:
            for place in range(samples):
                file.seek(max(place * _SAMPLE, (size - _SAMPLE) * place // max(1, samples - 1)))
                digest.update(file.read(min(_SAMPLE, max(0, size - file.tell()))))
    return {"name": files[0].name, "bytes": sum(sizes), "hash": digest.hexdigest()}


def has_grown(known: Mapping[str, Any], files: Sequence[Path]) -> bool:
    """Say whether a file begins with what was known of it: a recording that was still being written."""
    size = known["bytes"]
    return len(files) == 1 and files[0].stat().st_size > size and describe(*files, most=size) == known
