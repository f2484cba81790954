"""Weights that are open, and a clip."""

from pathlib import Path

import pytest

from temporal_colorize import Colorizer
from tests.support.networks import tiny_weights_file
from tests.support.videos import write_video


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("colorizer")
    tiny_weights_file(folder)
    write_video(folder / "clip.mkv", count=12)
    return folder


@pytest.fixture(scope="package")
def colorizer(folder: Path) -> Colorizer:
    return Colorizer.load(folder / "tiny.safetensors", runtime="torch", device="cpu")
