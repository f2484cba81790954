"""The data that validates this project and is not part of it: tests that need it skip, with a reason, without it."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TEMPORAL_COLORIZE_SHARED", Path(__file__).parents[3] / "shared"))


def shared(*parts: str) -> Path:
    """Return a path below the shared folder, or skip the test that asks."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path}, which is not part of the project")
    return path
