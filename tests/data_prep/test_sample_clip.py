from pathlib import Path

import numpy as np
import pytest

from data_prep.sample_clip import main
from temporal_colorize.sample.clip import render_sample
from tests.support.videos import lumas_of


def test_the_command_writes_the_clip(tmp_path: Path) -> None:
    main([str(tmp_path / "clip.mp4"), "--size", "192x108", "--seconds", "0.2", "--movers", "1", "--seed", "3"])
    for name, seed in (("same.mp4", 3), ("other.mp4", 4)):
        render_sample(tmp_path / name, width=192, height=108, seconds=0.2, movers=1, seed=seed)
    given, same, other = (
        np.stack(lumas_of(tmp_path / name)).astype(int) for name in ("clip.mp4", "same.mp4", "other.mp4")
    )
    assert given.shape == same.shape
    assert np.abs(given - same).mean() < 0.5 * np.abs(given - other).mean()  # x264 is not always the same, bit for bit


def test_bad_size_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for bad in ("wide", "641x361"):
        with pytest.raises(SystemExit) as caught:
            main([str(tmp_path / "clip.mp4"), "--size", bad])
        assert caught.value.code == 2 and bad in capsys.readouterr().err
        assert not list(tmp_path.iterdir())
