from dataclasses import replace

import cv2
import numpy as np
import pytest

from temporal_colorize.inference.reference.registering import RegisteringOptions, register, warped
from tests.support.places import at_night, place, view


def luma(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("right, down", [(0, 0), (6, -3), (-8, 8)])
def test_a_shift_is_found(right: int, down: int) -> None:
    canvas = place()
    night = at_night(view(canvas, right=right, down=down))
    found = register(luma(view(canvas)), night)
    assert found.refusal(RegisteringOptions()) is None
    middle = found.matrix @ (0.5, 0.5, 1)  # what the night's middle is in the day
    height, width = night.shape
    assert np.allclose((middle[:2] / middle[2] - 0.5) * (width, height), (right, down), atol=1)


def test_a_turned_camera_is_found() -> None:
    canvas = place(3, height=360, width=480)
    height, width = view(canvas).shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.04)  # degrees, and a lens zoomed in
    night = at_night(cv2.warpAffine(view(canvas), turn, (width, height), borderMode=cv2.BORDER_REFLECT))
    found = register(luma(view(canvas)), night)
    assert found.refusal(RegisteringOptions()) is None
    laid = warped(luma(view(canvas)).astype(np.float32), found.matrix, night.shape)
    true = cv2.warpAffine(luma(view(canvas)).astype(np.float32), turn, (width, height), borderValue=float("nan"))
    assert np.nanmean(np.abs(laid - true)) < 0.25 * np.nanmean(np.abs(luma(view(canvas)) - true))


def test_another_size_of_picture_does_not_matter() -> None:
    canvas = place()
    day = cv2.resize(luma(view(canvas)), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    found = register(day, at_night(view(canvas, right=4)))
    assert found.refusal(RegisteringOptions()) is None
    assert (found.matrix @ (0, 0, 1))[0] * 240 == pytest.approx(4, abs=1)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_another_place_is_refused(seed: int) -> None:
    found = register(luma(view(place(0))), at_night(view(place(seed))))
    assert "edges agree" in found.refusal(RegisteringOptions())


def test_a_picture_without_anything_in_it_is_refused() -> None:
    found = register(luma(view(place())), np.full((180, 240), 40, np.uint8))
    assert found.refusal(RegisteringOptions()) is not None


def test_what_is_not_a_number_is_refused() -> None:
    fits = register(luma(view(place())), at_night(view(place())))
    assert fits.refusal(RegisteringOptions()) is None
    for name in ("agreement", "peak", "shift"):
        assert replace(fits, **{name: float("nan")}).refusal(RegisteringOptions()) is not None


def test_a_camera_that_was_moved_too_far_is_refused() -> None:
    found = register(luma(view(place())), at_night(view(place(), right=8)))
    assert found.refusal(RegisteringOptions(most_shift=0.01)) == "it is moved by 3% of the diagonal, more than 1%"
