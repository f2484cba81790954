"""SHA-256 of files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def sha256(path: Path) -> str:
    """Return what `sha256sum` prints of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(files: Sequence[Path]) -> dict[str, Any]:
    """Describe files: how many, their bytes together and a SHA-256.

    That of several (numbered pictures, a graph in two parts) is the SHA-256 of theirs, as hexadecimal text in order
    without anything between.
    """
    digests = [sha256(path) for path in files]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files), "sha256": whole}
