"""Colours that were clicked and painted are read as hints, where they were as shown."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.apps.web.given import Given, color_of, places_of, write_hints
from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import read_hints, read_mask
from temporal_colorize.inference.turn import Turn

SHAPE = 48, 64  # as stored
QUARTER = Turn(0, 1, -1, 0)  # stored (x, y) is shown at (-y, x): a quarter clockwise


def given(*places: tuple[float, float], color: str = "#a02030", radius: float = 3) -> Given:
    return Given(at=1.25, color=color, places=places, radius=radius)


def test_points_and_strokes_are_hints(tmp_path: Path) -> None:
    strokes = [given((0.25, 0.5)), given((0.1, 0.2), (0.9, 0.2), color="#203060")]
    write_hints(strokes, tmp_path / "hints.json", shape=SHAPE)
    point, stroke = read_hints(tmp_path / "hints.json")
    assert (point.at, point.point, point.radius) == (1.25, (16, 24), 3)
    mask = read_mask(stroke.mask)
    rows, columns = np.nonzero(mask)
    assert mask.shape == SHAPE and abs(rows.mean() - 0.2 * 47) < 0.6 and 5 <= np.ptp(rows) + 1 <= 8
    assert columns.min() <= 7 and columns.max() >= 56
    assert point.ab != stroke.ab


def test_places_are_those_of_the_turned_picture(tmp_path: Path) -> None:
    stored = np.zeros(SHAPE, np.uint8)
    stored[5, 60] = 255
    shown = QUARTER.shown(stored)
    (y, x) = np.argwhere(shown)[0]
    place = (x + 0.5) / shown.shape[1], (y + 0.5) / shown.shape[0]
    write_hints([given(place), given(place, place, radius=1)], tmp_path / "hints.json", shape=shown.shape)
    for hint in read_hints(tmp_path / "hints.json"):
        _, where = draw(hint, SHAPE, SHAPE, turn=QUARTER)  # as a job does
        rows, columns = np.nonzero(where)
        assert abs(rows.mean() - 5) <= 1 and abs(columns.mean() - 60) <= 1


def test_a_click_means_the_thing_if_it_is_asked_to(tmp_path: Path) -> None:
    click = dataclasses.replace(given((0.5, 0.5)), grow=True)
    write_hints([click, given((1.0, 1.0))], tmp_path / "hints.json", shape=SHAPE)
    thing, corner = read_hints(tmp_path / "hints.json")
    assert thing.grow and not corner.grow
    luma = np.full(SHAPE, 200, np.uint8)
    luma[14:34, 20:44] = 60
    areas = [draw(hint, SHAPE, SHAPE, luma=luma)[1].sum() for hint in (thing, corner)]
    assert areas[0] > 0.7 * 20 * 24 and 0 < areas[1] < 40


def test_a_mark_is_in_pixels_as_shown() -> None:
    mark = given((0.5, 0.25), radius=8).mark((400, 800))
    assert mark == {"kind": "circle", "attributes": {"cx": 400, "cy": 100, "r": 8, "fill": "#a02030"}}
    assert json.dumps(given((0, 0), (1, 1)).mark((400, 800)))


@pytest.mark.parametrize(
    ("said", "color"),
    [("#A02030", "#a02030"), ("rgba(160, 32.4, 48, 1)", "#a02030"), ("rgb(300, 0, 9)", "#ff0009")],
)
def test_colours_are_read(said: str, color: str) -> None:
    assert color_of(said) == color


@pytest.mark.parametrize(
    "said", ["red", "#12345", None, "rgb(1, 2)", '"><script>', ["#a02030"], f"rgb(1, 1, {'1' * 400})"]
)
def test_other_colours_are_refused(said: object) -> None:
    with pytest.raises(ValueError, match="is no colour"):
        color_of(said)


@pytest.mark.parametrize(
    "sent",
    [None, [], [[0.5]], [[0.5, 1.5]], [["a", 0]], [[float("nan"), 0]], [[0, 0]] * 6000, 7, {"x": 1}, [[10**400, 0]]],
)
def test_places_that_are_none_are_refused(sent: object) -> None:
    with pytest.raises(ValueError, match="no place in the picture"):
        places_of(sent)


def test_a_stroke_is_drawn_where_the_pointer_was(tmp_path: Path) -> None:
    corners = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8))
    write_hints([given(*corners, radius=2)], tmp_path / "hints.json", shape=(100, 100))
    drawn = cv2.imread(str(tmp_path / "stroke-0.png"), cv2.IMREAD_GRAYSCALE)
    assert drawn[20, 50] and drawn[50, 79] and not drawn[50, 50] and not drawn[80, 20]
