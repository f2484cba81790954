"""What the programs of this package share: one line for a mistake, exit status 2, nothing half-written."""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from temporal_colorize.cluster.tasks import GivenUpError


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def guarded(parser: Parser, run: Callable[[], None]) -> None:
    """Run, and turn what a user can mend into one line and exit status 2."""
    try:
        run()
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; nothing half-written is left", file=sys.stderr)
        sys.exit(130)
    except (ValueError, OSError, ModuleNotFoundError, GivenUpError) as error:
        parser.error(" ".join(str(error).split()))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the name of a file to write; it takes the place of `path` at the end, or goes if there was an error."""
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def sha256_of(content: bytes | Path) -> str:
    """Hash bytes or a file, as hexadecimal digits."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with open(content, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
