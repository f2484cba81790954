import cv2
import numpy as np

from temporal_colorize.inference.reference.agreement import explained
from tests.support.places import at_night, place, view


def day(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def test_the_same_place_in_other_light_is_explained() -> None:
    rgb = view(place())
    assert explained(day(rgb), at_night(rgb).astype(np.float32)).mean() > 0.9


def test_what_is_new_is_not() -> None:
    rgb = view(place())
    night = at_night(rgb).astype(np.float32)
    night[60:120, 100:130] = at_night(view(place(5)))[60:120, 100:130]  # somebody stands there
    mask = explained(day(rgb), night)
    there = np.zeros(mask.shape, bool)
    there[60:120, 100:130] = True
    assert mask[there].mean() < 0.5
    assert mask[~there].mean() > 0.85


def test_nor_is_what_the_reference_does_not_show() -> None:
    rgb = view(place())
    reference = day(rgb)
    reference[:, :40] = np.nan
    mask = explained(reference, at_night(rgb).astype(np.float32))
    assert mask[:, :40].max() == 0
    assert mask[:, 48:].mean() > 0.85
