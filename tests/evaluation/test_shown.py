"""Which frames of a scene are shown, and how far from the truth they are said to be."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from temporal_colorize.evaluation.scenes import Scene, TruthFrame, read_truth
from temporal_colorize.evaluation.shown import show_scene


def truth(frames: int) -> list[TruthFrame]:
    """Frames of one colour each, ever brighter."""
    pictures = [np.full((720, 900, 3), (10 * number, 60, 90), np.uint8) for number in range(frames)]
    return read_truth(Scene(("clips",), "a.mp4", lambda: pictures))


@pytest.mark.parametrize(
    ("frames", "most", "numbers"),
    [(1, 3, [1]), (2, 3, [1, 2]), (7, 3, [1, 4, 7]), (24, 4, [1, 9, 16, 24]), (9, 1, [1])],
)
def test_moments_go_from_the_first_frame_to_the_last(frames: int, most: int, numbers: list[int]) -> None:
    truths = truth(frames)
    rows = {"truth": [one.rgb for one in truths]}
    scene = show_scene("a.mp4", rows, truths, most=most, compared=rows)
    assert [moment.number for moment in scene.moments] == numbers and scene.frames == frames
    assert [int(moment.pictures["truth"][0, 0, 0]) for moment in scene.moments] == [10 * (one - 1) for one in numbers]
    assert scene.when(scene.moments[-1]) == f"frame {numbers[-1]} of {frames}"


def test_errors_are_those_of_their_frame_and_later_moments_have_what_is_compared() -> None:
    truths = truth(3)
    grey = [one.luma.expand(3, -1, -1) for one in truths]
    rows = {"grey": grey, "net, vividness 1": grey, "truth": [one.rgb for one in truths]}
    first, _, last = show_scene("a.mp4", rows, truths, most=3, compared=("grey", "truth")).moments
    assert [*first.pictures] == [*first.errors] == [*rows] and [*last.pictures] == ["grey", "truth"]
    for moment, red in ((first, 0), (last, 20)):
        chroma = np.linalg.norm(rgb2lab(np.array([[[red, 60, 90]]], np.uint8))[0, 0, 1:])  # scikit-image's own Lab
        assert moment.errors["grey"] == pytest.approx(chroma, abs=0.1) and moment.errors["truth"] == 0
    assert max(first.pictures["grey"].shape) == 512
