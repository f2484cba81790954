"""The Python in the documents runs as it stands there, on small files."""

import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from huggingface_hub import constants, hub_mixin

from temporal_colorize.inference import weights
from temporal_colorize.sample.clip import render_sample
from tests.support.hub import in_cache
from tests.support.networks import tiny_weights_file

ROOT = Path(__file__).parents[2]
WHOLE = ("README.md", "python.md", "notebook.md")  # whose blocks go on from one another
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CAMERA = re.compile(r"rtsp://[\w./]+")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where the documents do: beside a clip, what it looks like by day, a picture, and small weights."""
    monkeypatch.chdir(tmp_path)
    render_sample("clip.mp4", width=160, height=96, seconds=0.6)
    with av.open("clip.mp4") as container:
        day = next(container.decode(video=0)).to_ndarray(format="bgr24")
    cv2.imwrite("day.jpg", day)
    cv2.imwrite("photo.png", day)
    (tmp_path / "footage").mkdir()
    (tmp_path / "weights").mkdir()
    shipped = tiny_weights_file(tmp_path / "weights").rename("weights/convlstm.safetensors")
    shutil.copy(shipped, "mine.safetensors")
    monkeypatch.setattr(weights, "shipped_folder", lambda: tmp_path / "weights")
    return tmp_path


@pytest.fixture
def pushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a hub that keeps what it is sent where its library looks first."""
    sent: list[str] = []

    class Api:
        def __init__(self, token: str | None = None) -> None:
            pass

        def create_repo(self, repo_id: str, **options: object) -> SimpleNamespace:
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, *, repo_id: str, folder_path: Path, **options: object) -> str:
            sent.extend(sorted(path.name for path in folder_path.iterdir()))
            for cache in ("usual", "cache"):
                in_cache(folder / cache, repo_id, folder_path)
            return f"https://huggingface.co/{repo_id}/commit/1"

    monkeypatch.setattr(hub_mixin, "HfApi", Api)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "usual"))
    return sent


def run(document: str, folder: Path) -> dict[str, object]:
    """Run a document's blocks one after the other; where they name a camera, it is the clip."""
    blocks = BLOCK.findall((ROOT / document).read_text())
    assert blocks
    names: dict[str, object] = {}
    for number, block in enumerate(blocks):
        source = CAMERA.sub(os.fspath(folder / "clip.mp4"), block)
        exec(compile(source, f"{document}, block {number}", "exec"), names)
    return names


def test_api(folder: Path, pushed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    names = run("docs/python.md", folder)
    written = {path.name for path in folder.iterdir()}
    assert {"clip.color.mp4", "photo.color.png", "small.mp4", "sure.mp4", "clip.grey.mp4", "garage"} <= written
    assert not {"first.mp4", "never.mp4"} & written
    said = capsys.readouterr().out
    assert "1 of 15" in said and "vividness=3" in said and "not evidence" in said
    assert names["rgb"].shape == (120, 160, 3) and names["confidence"].dtype == np.float32
    assert pushed == ["README.md", "config.json", "convlstm.safetensors"]
    assert "garage" in names["again"].weights and str(folder / "cache") in names["theirs"].weights


def test_notebook(folder: Path) -> None:
    assert run("docs/notebook.md", folder)["panel"](folder=".").controls.file.options == (
        "clip.mp4",
        "day.jpg",
        "photo.png",
    )


def test_readme(folder: Path) -> None:
    names = run("README.md", folder)
    assert (folder / "clip.color.mp4").is_file() and names["frame"].total == 15


def test_many_processes(folder: Path) -> None:
    run("docs/jobs.md", folder)
    assert (folder / "split.mp4").is_file()
