from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.inference.apart import require_apart
from temporal_colorize.inference.picture import colorize_picture
from temporal_colorize.inference.session import Session, SessionOptions
from tests.support.networks import tiny_weights


def test_another_name_of_the_same_file_is_found(tmp_path: Path) -> None:
    source, free = tmp_path / "a.png", tmp_path / "b.png"
    source.touch()
    (tmp_path / "soft.png").symlink_to(source)
    (tmp_path / "hard.png").hardlink_to(source)
    for name in ("a.png", "soft.png", "hard.png", "../" + tmp_path.name + "/a.png"):
        with pytest.raises(ValueError, match=r"confidence=.* would be written over video=.*a\.png; give it another"):
            require_apart({"output": free, "confidence": tmp_path / name}, {"video": [tmp_path / "0.png", source]})
    with pytest.raises(ValueError, match=r"record=.* would be written over output="):  # neither is there yet
        require_apart({"output": free, "record": tmp_path / "x" / ".." / "b.png"}, {})
    require_apart({"output": free, "confidence": None, "record": tmp_path / "c.png"}, {"video": [source]})


def test_a_picture_is_not_written_over_by_its_own_map(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    cv2.imwrite(str(source), np.zeros((32, 32), np.uint8))
    content, session = source.read_bytes(), Session(tiny_weights(), SessionOptions(size=64, confidence=True))
    with pytest.raises(ValueError, match="would be written over video="):
        colorize_picture(source, tmp_path / "b.png", session, confidence=source)
    assert source.read_bytes() == content and list(tmp_path.iterdir()) == [source]
