"""The ground is followed by most of its corners, whatever goes by; what stands on it is told from what moves."""

import cv2
import numpy as np
import pytest

from temporal_colorize.inference.hints.ground import Ground
from temporal_colorize.inference.hints.searching import Look, search
from temporal_colorize.inference.hints.standing import Then, standing
from temporal_colorize.inference.hints.window import Window
from tests.support.moving import moving_scene

SIZE = 160, 240


def texture(shape: tuple[int, int], *, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(20, 230, (shape[0] // 8, shape[1] // 8), np.uint8)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def shifted(across: float, down: float) -> np.ndarray:
    motion = np.eye(3)
    motion[:2, 2] = across, down
    return motion


def test_a_moved_camera_is_followed() -> None:
    wide, ground = texture((240, 400)), Ground()
    for number in range(12):
        ground.step(wide[40 + number : 200 + number, 3 * number : 240 + 3 * number])
    np.testing.assert_allclose(ground.place, shifted(-33, -11), atol=0.5)


def test_what_goes_by_does_not_move_a_fixed_camera() -> None:
    place, ground = texture(SIZE), Ground()
    for number in range(12):
        luma = place.copy()
        luma[20:140, 10 + 4 * number : 110 + 4 * number] = texture((120, 104), seed=1)[:, :100]
        ground.step(luma)
    np.testing.assert_array_equal(ground.place, np.eye(3))


@pytest.mark.parametrize("frames", [1, 6])  # one: it has hardly moved
def test_what_stands_still_is_told_from_the_thing(frames: int) -> None:
    lumas, masks = moving_scene(frames + 1)
    window, went = Window.around(masks[-1].astype(np.float32)), shifted(2.0 * frames, 0)
    piece = window.cut(masks[-1].astype(np.float32))
    first = Window.around(masks[0].astype(np.float32))
    then = Then(lumas[0], first.cut(masks[0].astype(np.float32)), first, went, np.eye(3))
    still = standing(window.cut(lumas[-1]), window, piece, [then])
    inside, outside = (cv2.erode(part.astype(np.uint8), np.ones((9, 9))) > 0 for part in (piece > 0.5, piece < 0.5))
    assert still[inside].mean() < 0.05
    assert still[outside].mean() > 0.5


def test_what_was_hidden_is_found_where_it_comes_out() -> None:
    lumas, masks = moving_scene(60, pillar=40)
    window = Window.around(masks[5].astype(np.float32))
    look = Look(window.cut(lumas[5]), window.cut(masks[5].astype(np.float32)), window, np.eye(3))
    assert search(lumas[36], look, window) is None
    found = search(lumas[58], look, window)
    np.testing.assert_allclose((found.x - window.x, found.y - window.y), (2 * 53, 0), atol=1)
