from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.data.pictures import DataError
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.training.evaluation import Scene, evaluate, find_scenes, grey, session_colorizer
from tests.support.networks import tiny_weights
from tests.support.program import run
from tests.support.videos import write_video


@pytest.fixture
def scene() -> Scene:
    rng = np.random.default_rng(0)
    frames = [cv2.resize(rng.integers(0, 255, (5, 6, 3), np.uint8), (96, 64)) for _ in range(2)]
    return Scene("stills", "a", frames)


def test_the_rows_that_bound_every_other(scene: Scene) -> None:
    perfect = iter(scene.frames)
    result = evaluate(
        [scene],
        {"grey": lambda: grey, "perfect": lambda: lambda _: torch.from_numpy(next(perfect)).permute(2, 0, 1) / 255},
    )
    rows = result.scores["stills"]
    assert rows["grey"]["colourfulness"] == pytest.approx(0, abs=1e-3)
    assert rows["perfect"] == rows["truth"]
    assert rows["truth"]["ab error"] == 0 and rows["truth"]["AuC"] == 100
    assert rows["grey"]["AuC"] < 90 and rows["grey"]["balanced AuC"] < rows["grey"]["AuC"]


def test_a_session_s_row_and_the_sheet(scene: Scene) -> None:
    weights = tiny_weights()
    make = lambda: session_colorizer(Session(weights, SessionOptions(size=64)))  # noqa: E731
    result = evaluate([scene, scene], {"ours": make})
    assert result.scores["stills"]["ours"]["PSNR"] < 40
    sheet = result.contact_sheet()
    assert sheet.shape == (2 * 130, 2 * 192, 3)
    table = result.markdown()
    assert "### stills" in table and "| ours |" in table and "| truth |" in table


def test_scenes_are_found_and_grouped(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("cctv-1.mp4", "davis-1.mp4"):
        write_video(tmp_path / "clips" / name, count=5)
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((8, 8, 3), np.uint8))
    scenes = find_scenes(root=str(tmp_path), pictures="*.png", videos="clips/*", most_frames=3, every=1)
    assert [(scene.group, len(scene.frames)) for scene in scenes] == [
        ("stills", 1),
        ("cctv clips", 3),
        ("davis clips", 3),
    ]
    with pytest.raises(DataError, match=r"data\.root"):
        find_scenes(root=str(tmp_path / "clips"), pictures="*.png", videos="none/*", most_frames=3, every=1)


def test_the_program_writes_its_report(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    result = run("evaluate.py", f"data.root={tmp_path}", "data.pictures=*.png", f"output={tmp_path / 'out'}")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.md", "report.json", "sheet.png"}
    assert "convlstm, default" in result.stdout
    assert run("evaluate.py", "data.root=/no/where").returncode == 2
