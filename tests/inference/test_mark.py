"""The mark in the picture: where it is, that it can be read, and that nothing else changes."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.mark import Mark
from temporal_colorize.video import Frame

CODING = ChromaCoding("bt601", full_range=False, bit_depth=8)


def marked(shape: tuple[int, int], paper: int, matrix: tuple[int, ...] | None = None) -> tuple[Mark, np.ndarray]:
    mark = Mark(shape, matrix)
    return mark, mark.put(np.full(shape, paper, np.uint8), low=16, high=235)


@pytest.mark.parametrize("shape", [(240, 320), (1080, 1920), (2160, 3840), (96, 128)])
@pytest.mark.parametrize("paper", [16, 128, 235])
def test_its_letters_stand_out_on_anything(shape: tuple[int, int], paper: int) -> None:
    mark, picture = marked(shape, paper)
    inside = picture[mark.box].astype(int)
    assert np.percentile(inside, 99) - np.percentile(inside, 20) > 100  # ink and its own paper, of 219
    outside = np.ones(shape, bool)
    outside[mark.box] = False
    assert (picture[outside] == paper).all()
    assert inside.size < 0.17 * picture.size and inside.shape[0] >= min(12, 0.05 * min(shape))


def test_what_is_written_there_is_the_same_at_every_size() -> None:
    small, large = (marked(shape, 16)[1][Mark(shape).box] for shape in ((240, 320), (2160, 3840)))
    again = cv2.resize(large, small.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(again.ravel(), small.ravel())[0, 1] > 0.9


TURNS = {  # FFmpeg's matrices; how np.rot90 or np.flip shows the picture
    "none": (None, lambda p: p),
    "180": ((-1, 0, 0, 0, -1, 0, 0, 0, 1), lambda p: np.rot90(p, 2)),
    "90 clockwise": ((0, 1, 0, -1, 0, 0, 0, 0, 1), lambda p: np.rot90(p, -1)),
    "90 counter-clockwise": ((0, -1, 0, 1, 0, 0, 0, 0, 1), lambda p: np.rot90(p)),
    "mirrored": ((-1, 0, 0, 0, 1, 0, 0, 0, 1), lambda p: p[:, ::-1]),
}


@pytest.mark.parametrize("turn", TURNS)
def test_it_is_upright_in_the_lower_right_corner_as_it_is_shown(turn: str) -> None:
    matrix, show = TURNS[turn]
    stored = (240, 320) if show(np.empty((240, 320))).shape == (240, 320) else (320, 240)
    np.testing.assert_array_equal(show(marked(stored, 16, matrix)[1]), marked((240, 320), 16)[1])


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 5), (9, 17), (8, 4000), (1000, 8)])
def test_it_fits_pictures_of_any_size(shape: tuple[int, int]) -> None:
    mark, picture = marked(shape, 128)
    x, y, wide, tall = mark.as_json()["box"]
    assert picture.shape == shape and 0 <= x < x + wide <= shape[1] and 0 <= y < y + tall <= shape[0]


def test_below_it_there_is_no_colour(tmp_path: Path) -> None:
    mark = Mark((240, 320))
    luma, chroma = np.full((240, 320), 90, np.uint8), np.full((120, 160), 140, np.uint8)
    frame, cb, _ = mark.on(Frame(luma, 3, Fraction(1, 25)), chroma, chroma, CODING)
    rows, columns = mark.box
    half = tuple(slice(part.start // 2, part.stop // 2) for part in (rows, columns))
    assert (cb[half] == 128).all() and (cb == 128).sum() == cb[half].size
    assert (luma == 90).all() and (chroma == 140).all() and frame.pts == 3  # the given ones stay as they are
