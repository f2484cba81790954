from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.sample.clip import render_frames, render_sample
from temporal_colorize.video import Frame, VideoReader

SMALL = {"width": 192, "height": 108, "seconds": 0.4}


def test_same_arguments_same_pictures() -> None:
    first, second = (list(render_frames(**SMALL, seed=3)) for _ in range(2))
    assert len(first) == 10 and first[0].shape == (108, 192, 3) and first[0].dtype == np.uint8
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], next(render_frames(**SMALL, seed=4)))


def test_camera_stands_still_and_movers_move() -> None:
    still = np.stack(list(render_frames(**SMALL, noise=0, movers=0)))
    assert (still == still[0]).all()
    moving = np.stack(list(render_frames(**SMALL, noise=0, movers=3))).astype(int)
    changed = [(abs(b - a).max(-1) > 8).mean() for a, b in pairwise(moving)]
    assert min(changed) > 0.005 and max(changed) < 0.2


def test_walker_is_hidden_by_the_motorcycle() -> None:
    # Of the 640x360 scene: the tank (row 170) hides the walker, the shelf beside the head (row 90) does not.
    empty = next(render_frames(noise=0, movers=0)).astype(int)
    tank, shelf = (slice(160, 180), slice(300, 380)), (slice(60, 80), slice(300, 380))
    seen = {"tank": 0.0, "shelf": 0.0}
    for picture in render_frames(noise=0, movers=1, fps=5):
        change = abs(picture.astype(int) - empty).max(-1)
        seen["tank"] = max(seen["tank"], (change[tank] > 40).mean())
        seen["shelf"] = max(seen["shelf"], (change[shelf] > 40).mean())
    assert seen["tank"] < 0.02 and seen["shelf"] > 0.1


@pytest.mark.parametrize(("size", "matrix"), [("192x108", "bt601"), ("1280x720", "bt709")])
def test_file(tmp_path: Path, size: str, matrix: str) -> None:
    width, height = map(int, size.split("x"))
    render_sample(tmp_path / "clip.mp4", width=width, height=height, seconds=0.4)
    with VideoReader(tmp_path / "clip.mp4") as reader:
        pictures = sum(isinstance(item, Frame) for item in reader)
    info = reader.info
    assert (pictures, f"{info.width}x{info.height}", info.matrix) == (10, size, matrix)
    assert (info.pix_fmt, info.color_range, info.full_range) == ("yuv420p", 1, False)
    assert info.colorspace == {"bt601": 6, "bt709": 1}[matrix]
    assert info.audio_codecs == ("aac",)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        sound = np.concatenate([block.to_ndarray()[0] for block in container.decode(audio=0)])
    assert 0.05 < np.abs(sound).max() < 0.5


def test_colours_survive_the_encoding(tmp_path: Path) -> None:
    render_sample(tmp_path / "clip.mp4", seconds=0.04, noise=0, crf=1, movers=0)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)
    original = next(render_frames(noise=0, movers=0)).astype(float)
    # The matrix is right if no colour is tinted on average; a wrong one shifts reds by some ten levels.
    red = original[..., 0] - original[..., 1] > 100
    assert np.abs((decoded - original)[red].mean(0)).max() < 4
