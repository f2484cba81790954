import json
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
    return Scene("stills", "a", lambda: frames)


def test_the_rows_that_bound_every_other(scene: Scene) -> None:
    perfect = iter(scene.load())
    result = evaluate(
        [scene],
        {"grey": lambda: grey, "perfect": lambda: lambda _: torch.from_numpy(next(perfect)).permute(2, 0, 1) / 255},
    )
    rows = result.scores["stills"]
    assert rows["grey"]["colourfulness"] == pytest.approx(0, abs=1e-3)
    assert rows["perfect"] == rows["truth"]
    assert rows["truth"]["ab error"] == 0 and rows["truth"]["AuC"] == 100
    assert rows["grey"]["AuC"] < 90 and rows["grey"]["balanced AuC"] < rows["grey"]["AuC"]


def test_measures_are_means_over_all_pixels_together() -> None:
    """One grey and one red pixel picture: the balanced AuC weighs the rare red pixel, whichever picture it is in."""
    red, black = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    apart = [Scene("s", "red", lambda: [red]), Scene("s", "black", lambda: [black])]
    together = [Scene("s", "both", lambda: [np.concatenate([red, black])])]
    apart, together = (evaluate(scenes, {"grey": lambda: grey}).scores["s"]["grey"] for scenes in (apart, together))
    for measure in ("ab error", "ab RMSE", "AuC", "balanced AuC", "PSNR"):
        assert apart[measure] == pytest.approx(together[measure]), measure
    # red is Lab (53.24, 80.09, 67.20): its distance to grey is 104.5, so it is right for t = 105..150
    assert apart["AuC"] == pytest.approx((100 + 100 * 46 / 151) / 2, abs=0.1)
    assert apart["balanced AuC"] < 35


def test_a_session_s_row_and_the_sheet(scene: Scene) -> None:
    weights = tiny_weights()
    options = SessionOptions(size=64)
    result = evaluate([scene, scene], {"ours": lambda: session_colorizer(Session(weights, options))})
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
    assert [(scene.group, len(scene.load())) for scene in scenes] == [
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
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["stills"]["truth"]["PSNR"] is None and report["stills"]["truth"]["AuC"] == 100
    assert run("evaluate.py", "data.root=/no/where").returncode == 2
