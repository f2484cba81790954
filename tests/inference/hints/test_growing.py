"""A point that grows becomes the thing that it is on: luma alike, up to a border, and not far through a gap."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.hints.growing import grow
from temporal_colorize.inference.hints.guidance import View
from temporal_colorize.inference.hints.guide import HintGuide
from temporal_colorize.inference.planes import shrink
from temporal_colorize.inference.turn import Turn

SHAPE, SEEN, COLOR = (180, 240), (64, 96), (40.0, 20.0)
QUARTER = (0, 1, 0, -1, 0, 0, 0, 0, 1)  # FFmpeg's display matrix


def scene(*things: np.ndarray, level: int = 150) -> np.ndarray:
    """Draw things on a ground that grows lighter to the right, with a sensor's noise."""
    luma = np.broadcast_to(np.linspace(80, 110, SHAPE[1]), SHAPE).copy()
    for thing in things:
        luma[thing] = level
    return np.clip(luma + np.random.default_rng(0).normal(0, 4, SHAPE), 16, 235).astype(np.uint8)


def ellipse(x: int, y: int, across: int, down: int) -> np.ndarray:
    return cv2.ellipse(np.zeros(SHAPE, np.uint8), (x, y), (across, down), 0, 0, 360, 1, -1) > 0


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return (found & truth).sum() / (found | truth).sum()


def hint_at(x: float, y: float, *, frame: int = 0) -> Hint:
    return Hint(name="hints[0]", frame=frame, point=(x, y), ab=COLOR, grow=True)


@pytest.mark.parametrize("point", [(120, 90), (100, 70), (140, 115), (120, 130)])
@pytest.mark.parametrize("level", [40, 150], ids=["darker", "lighter"])
def test_wherever_on_the_thing_it_is(point: tuple[int, int], level: int) -> None:
    thing = ellipse(120, 90, 32, 50)
    found = grow(scene(thing, level=level), at=point, radius=8, shape=SHAPE)
    assert overlap(found, thing) > 0.85


def test_what_is_alike_but_elsewhere_is_not_of_it() -> None:
    thing, twin = ellipse(70, 90, 25, 40), ellipse(170, 90, 25, 40)
    found = grow(scene(thing, twin), at=(70, 90), radius=8, shape=SHAPE)
    assert overlap(found, thing) > 0.85 and not (found & twin).any()


def test_a_narrow_way_out_is_not_gone_far() -> None:
    thing = ellipse(60, 90, 25, 35)
    bridge = np.zeros(SHAPE, bool)
    bridge[87:93, 60:170] = True
    beyond = np.zeros(SHAPE, bool)
    beyond[:, 170:] = True
    luma = scene(thing, bridge, beyond)
    assert cv2.floodFill(luma.copy(), None, (60, 90), 0, 40, 40, cv2.FLOODFILL_FIXED_RANGE)[0] > 3 * thing.sum()
    assert grow(luma, at=(60, 90), radius=8, shape=SHAPE)[beyond].mean() < 0.05


def test_a_ground_that_ends_with_the_picture_is_taken_to_there() -> None:
    sky = np.zeros(SHAPE, bool)
    sky[:70] = True
    found = grow(scene(sky, level=200), at=(120, 35), radius=8, shape=SHAPE)
    assert overlap(found, sky) > 0.85 and found[0, 40:200].all()


def test_points_are_of_the_whole_picture_and_luma_is_small() -> None:
    thing = ellipse(120, 90, 32, 50)
    large = cv2.resize(thing.astype(np.uint8), (960, 720), interpolation=cv2.INTER_NEAREST) > 0
    assert overlap(grow(scene(thing), at=(480, 360), radius=16, shape=(720, 960)), large) > 0.85


@pytest.mark.parametrize("matrix", [QUARTER, (-1, 0, 0, 0, -1, 0, 0, 0, 1)], ids=["90", "180"])
def test_a_turned_picture_gives_what_it_would_upright(matrix: tuple[int, ...]) -> None:
    thing, hint = ellipse(90, 80, 25, 40), hint_at(95, 100)
    luma, turn = scene(thing), Turn.of(matrix)
    upright = draw(hint, SHAPE, SHAPE, luma=luma)[1]
    stored = turn.stored(luma)
    found = draw(hint, stored.shape, stored.shape, turn=turn, luma=stored)[1]
    assert overlap(upright, thing) > 0.85
    np.testing.assert_array_equal(turn.shown(found), upright)


def test_a_point_that_does_not_grow_is_a_disc() -> None:
    luma, hint = scene(ellipse(120, 90, 32, 50)), hint_at(120, 90)
    disc = draw(Hint(name="hints[0]", frame=0, point=(120, 90), ab=COLOR), SHAPE, SHAPE, luma=luma)[1]
    assert disc.sum() == pytest.approx(np.pi * 8**2, rel=0.05)
    assert draw(hint, SHAPE, SHAPE, luma=luma)[1].sum() > 10 * disc.sum()


def test_a_point_beside_the_picture_cannot_grow() -> None:
    with pytest.raises(ValueError, match=r"^hints\[0\]: point 242,90 is outside the picture of 240x180, and"):
        draw(hint_at(242, 90), SHAPE, SHAPE)


def test_it_is_grown_in_its_frame_and_carried_both_ways(tmp_path: Path) -> None:
    things = [ellipse(60 + 3 * number, 90, 25, 40) for number in range(9)]
    lumas = [scene(thing) for thing in things]
    guide = HintGuide([hint_at(72, 90, frame=4)], direction="both")
    guide.begin(View(SHAPE, SHAPE, SEEN, ChromaCoding("bt709"), 12.0))
    times = [number / 25 for number in range(len(lumas))]
    guide.look_ahead(zip(lumas, times, strict=True), tmp_path)
    found = [guide(luma, shrink(luma, *SEEN), time) for luma, time in zip(lumas, times, strict=True)]
    assert found[4].fresh
    assert min(overlap(known.mask > 0.5, thing) for known, thing in zip(found, things, strict=True)) > 0.75
