from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.data.pictures import DataError
from temporal_colorize.evaluation.scenes import Scene, find_scenes, read_truth
from tests.support.videos import write_video


def test_scenes_are_found_and_grouped(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in ("cctv-1.mp4", "davis-1.mp4"):
        write_video(tmp_path / "clips" / name, count=5)
    for name in ("one.png", "traffic.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    options = {"pictures": "*.png", "groups": {"roads": "*traffic*"}, "every": 1}
    scenes = find_scenes(root=str(tmp_path), videos="clips/*", **options)
    assert [(scene.groups, len(scene.load())) for scene in scenes] == [
        (("stills",), 1),
        (("stills", "roads"), 1),
        (("cctv clips",), 5),
        (("davis clips",), 5),
    ]
    with pytest.raises(DataError, match=r"data\.groups\.cars=\*car\*"):
        find_scenes(root=str(tmp_path), videos="clips/*", **{**options, "groups": {"cars": "*car*"}})
    with pytest.raises(DataError, match=r"data\.root"):
        find_scenes(root=str(tmp_path / "clips"), videos="none/*", **options)


def test_the_truth_knows_its_luma_colours_and_motion() -> None:
    rng = np.random.default_rng(0)
    wide = cv2.resize(rng.integers(0, 255, (8, 10, 3), np.uint8), (104, 64), interpolation=cv2.INTER_CUBIC)
    first, second = read_truth(Scene(("clips",), "shift", lambda: [wide[:, 4:100], wide[:, :96]]))
    assert first.motion is None
    visible = second.motion.visible
    assert visible.float().mean() > 0.7
    # The picture moves 4 pixels to the right, so it came from 4 to the left.
    assert second.motion.flow[0][visible].median() == pytest.approx(-4, abs=0.3)
    assert first.plane == pytest.approx(cv2.cvtColor(wide[:, 4:100], cv2.COLOR_RGB2GRAY))
    # OpenCV's float Lab is another implementation of the same; up to 0.33 apart.
    lab = cv2.cvtColor(wide[:, :96].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    assert np.abs(second.lab.permute(1, 2, 0).numpy() - lab).max() < 0.5
