"""The versions of everything that has a part in an output."""

import contextlib
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("temporal-colorize", "torch", "openvino", "onnxruntime", "av", "numpy", "opencv-python-headless")
_SECONDS = 5.0  # that git may take


def surroundings() -> dict[str, Any]:
    """Return the versions of this program, its libraries and the system, and what processor it is."""
    import av

    packages = {}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            packages[name] = version(name)
    return {
        "commit": _commit(Path(__file__).parents[2]),
        "packages": packages,
        "ffmpeg": {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()},
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
    }


def _commit(folder: Path) -> str | None:
    """Name the commit of a checkout, with a + where files differ from it; None if this is not one."""
    if not (folder / ".git").exists():
        return None
    git = ("git", "-C", str(folder), "--no-optional-locks")
    try:
        commit = _said(*git, "rev-parse", "HEAD")
        return commit + "+" * bool(_said(*git, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
    return done.stdout.strip()


def _processor() -> str:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
            return models[0].partition(": ")[2] if models else platform.machine()
    return platform.processor() or platform.machine()
