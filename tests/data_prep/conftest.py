"""Small raw sets with all that may be wrong with one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data_prep.raw import picture, save, save_video
from tests.support.videos import write_video


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Twelve pictures, a grey one, a copy of another quality, a broken and a tiny one."""
    for number in range(12):
        save(tmp_path / "raw" / f"{number}.png", picture(number, height=200, width=300))
    grey = cv2.cvtColor(picture(50), cv2.COLOR_RGB2GRAY)
    save(tmp_path / "raw" / "grey.png", np.repeat(grey[..., None], 3, axis=2))
    save(tmp_path / "raw" / "copy.jpg", picture(3, height=100, width=150), quality=60)
    save(tmp_path / "raw" / "tiny.png", picture(51, height=16, width=90))
    (tmp_path / "raw" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return tmp_path / "raw"


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two videos of which one is long, a grey one and a broken one."""
    save_video(tmp_path / "videos" / "a.mp4", seed=100)
    save_video(tmp_path / "videos" / "long.ts", seed=101, count=50)
    write_video(tmp_path / "videos" / "grey.mkv", count=6)  # its chroma is
    (tmp_path / "videos" / "broken.mp4").write_text("no video")
    return tmp_path / "videos"
