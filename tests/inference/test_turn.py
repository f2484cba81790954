"""Pictures as they are stored and as they are shown."""

import numpy as np
import pytest

from temporal_colorize.inference.box import Box
from temporal_colorize.inference.turn import Turn
from tests.inference.test_mark import TURNS


@pytest.mark.parametrize("turn", TURNS)
def test_what_is_stored_is_shown_and_back(turn: str) -> None:
    matrix, show = TURNS[turn]
    stored = np.random.default_rng(0).integers(0, 255, (6, 9, 3))
    turned = Turn.of(matrix)
    np.testing.assert_array_equal(turned.shown(stored), show(stored))
    np.testing.assert_array_equal(turned.stored(show(stored)), stored)
    assert turned.shape(stored.shape[:2]) == show(stored).shape[:2]


@pytest.mark.parametrize("turn", TURNS)
def test_a_box_holds_the_same_pixels(turn: str) -> None:
    matrix, show = TURNS[turn]
    stored = np.zeros((60, 90), bool)
    stored[12:24, 45:81] = True  # an asymmetric place
    rows, columns = np.nonzero(show(stored))
    height, width = show(stored).shape
    box = Box(columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
    found = np.zeros_like(stored)
    found[Turn.of(matrix).stored_box(box).slices(60, 90)] = True
    np.testing.assert_array_equal(found, stored)
