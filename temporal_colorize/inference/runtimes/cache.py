"""Where converted networks are kept between runs, and how one is known again."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

OFF, AUTO = "off", "auto"
_OURS = ("color", "models", "inference/runtimes")  # what decides how a graph comes out
_PACKAGE = Path(__file__).parents[2]


def cache_folder(option: str) -> Path | None:
    """Turn `cache` into a folder that exists: "auto" into the user's own, "off" into None.

    Raises:
        ValueError: If a folder that was named cannot be written to; None is returned for the user's own.
    """
    if option == OFF:
        return None
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "temporal-colorize"
    folder = users if option == AUTO else Path(option)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    if option != AUTO:
        raise ValueError(f"cache={option} is not a folder that can be written to: choose another, or cache=off")
    return None


def cache_key(weights: Path, facts: Mapping[str, object]) -> str:
    """Name what is made of a file of weights: by its content, our source and whatever else decides the result."""
    digest = hashlib.blake2b(digest_size=16)
    sources = sorted(path for folder in _OURS for path in (_PACKAGE / folder).glob("*.py"))
    for path in (weights, *sources):
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    digest.update(repr(sorted(facts.items())).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def kept(folder: Path | None, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """Yield a folder that `make` has filled: an old one where there is one, else a new one.

    Args:
        folder: Of the cache; None for a folder that is gone afterwards.
        key: See `cache_key`.
        make: Fills an empty folder. It appears under its name only when it is whole.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="temporal-colorize-") as passing:
            make(Path(passing))
            yield Path(passing)
        return
    entry = folder / key
    if not entry.is_dir():
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
        try:
            make(part)
            with contextlib.suppress(OSError):  # another process was quicker
                part.rename(entry)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    yield entry
