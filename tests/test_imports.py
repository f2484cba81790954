"""Imports point one way, and colouring loads nothing that only training needs."""

import ast
import importlib.util
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "temporal_colorize"

# What each part may import of ours, beside itself.
ALLOWED = {
    "options": set(),
    "color": {"options"},
    "passing": set(),
    "remote": set(),
    "video": {"options", "remote"},
    "sample": set(),
    "models": {"color"},
    "gradient_prior": {"options"},
    "losses": {"color", "metrics", "options"},
    "metrics": {"color"},
    "data": {"color", "options", "remote", "video"},
    "inference": {"color", "models", "options", "remote", "video"},
    "training": {"color", "models", "losses", "gradient_prior", "metrics", "data", "inference", "options"},
    "evaluation": {"color", "models", "metrics", "data", "inference", "options"},
    "export": {"color", "inference", "models", "options"},
    "provenance": {"inference", "video"},
    "config": {"inference", "options", "passing", "provenance", "remote", "video"},
    "hub": {"inference"},
    "greyscaling": {"config", "inference", "options", "video"},
    "colorizer": {"config", "hub", "inference", "video"},
    "cluster": {"config", "inference", "options", "remote", "video"},
    "apps": {"colorizer", "config", "greyscaling", "inference", "options", "passing", "provenance", "sample", "video"},
    "cli": {"apps", "cluster", "colorizer", "config", "training", "evaluation", "export", "inference", "options"}
    | {"provenance", "remote", "video"},
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Full names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import; this rule reads absolute ones"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_import_rule(path: Path) -> None:
    part = part_of(path)
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("temporal_colorize.")}
    assert ours - {part} <= ALLOWED[part]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_config_and_cli_know_hydra(path: Path) -> None:
    hydra = {name for name in imported(path) if name.split(".")[0] in ("hydra", "omegaconf")}
    assert not hydra or part_of(path) in ("cli", "config")


def test_colouring_loads_no_training_library() -> None:
    program = (
        "import sys, temporal_colorize.inference.video, temporal_colorize.inference.picture\n"
        "heavy = {'pytorch_lightning', 'kornia', 'decord', 'torchmetrics', 'hydra', 'tensorboard', 'skimage'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_loads_neither_torch_nor_hydra() -> None:
    program = "import sys, temporal_colorize.cli\nprint(sorted({'torch', 'hydra', 'numpy', 'cv2'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["ask", "evaluate", "export", "infer", "serve", "train", "verify"])
def test_every_program_tells_its_version_at_once(name: str) -> None:
    program = (
        f"import sys, temporal_colorize.cli\nsys.argv[1:] = ['--version']\ntemporal_colorize.cli.{name}()\n"
        "print(sorted({'torch', 'hydra', 'numpy', 'cv2'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == f"temporal-colorize {metadata.version('temporal-colorize')}\n[]\n"


def test_torchvision_stays_out() -> None:
    """PyPI's torchvision does not load beside a CPU torch, and Lightning then fails to import."""
    assert importlib.util.find_spec("torchvision") is None
