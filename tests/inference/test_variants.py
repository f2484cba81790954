import itertools
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.picture_parts import segment
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.turn import Turn
from temporal_colorize.inference.variants import VariantOptions, find_variants
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import ColorOutput
from tests.support.networks import tiny_weights

NAMING = NamingOptions(arithmetic=1.0, geometric=0.0, difference=10.0, reach=0.1)
OPTIONS = VariantOptions(regions=3, names=3, least=0.05, least_area=0.02, differ=15.0, smooth=16.0)
BLUE, RED, GREEN = (20.0, -60.0), (60.0, 40.0), (-50.0, 50.0)
BLUE_OR_RED = {BLUE: 0.6, RED: 0.4}
# Grey is more probable than brown, but no one bin of it, so that what is estimated is brown.
MANY_GREYS = {(0.0, 0.0): 0.12, (0.0, -10.0): 0.12, (-10.0, 0.0): 0.12, (-10.0, -10.0): 0.12, (10.0, -10.0): 0.12,
              (20.0, 40.0): 0.4}  # fmt: skip
NEIGHBOURS = {(0.0, -30.0): 0.55, (30.0, -30.0): 0.45}  # blue and purple, each near to their mean


class HalfSure(torch.nn.Module):
    """A network that knows the left half to be green, and has a belief about the right half."""

    architecture, stride, fixed_size, has_bins, state_planes = "half-sure", 4, None, True, ()

    def __init__(self, belief: dict[tuple[float, float], float]) -> None:
        super().__init__()
        self.belief = belief

    def forward(self, lightness: torch.Tensor, hints: object, state: object) -> tuple[ColorOutput, tuple[()]]:
        height, width = (length // 4 for length in lightness.shape[-2:])
        probabilities = torch.full((BIN_COUNT, height, width), 1e-9)
        probabilities[nearest(GREEN), :, : width // 2] = 1.0
        for ab, probability in self.belief.items():
            probabilities[nearest(ab), :, width // 2 :] = probability
        return ColorOutput(torch.zeros(1, 1, 2, height, width), probabilities.log()[None, None]), ()


def nearest(ab: tuple[float, float]) -> int:
    return int((bin_centres() - torch.tensor(ab)).square().sum(-1).argmin())


def session(belief: dict[tuple[float, float], float] = BLUE_OR_RED, *, temperature: float = 0.1) -> Session:
    weights = tiny_weights()
    half_sure = Weights(HalfSure(belief), weights.log_weights, weights.decoding, "half-sure")
    return Session(half_sure, SessionOptions(size=64, temperature=temperature))


def two_halves() -> torch.Tensor:
    """(1, 64, 96) of L*, with a border in the middle."""
    seen = torch.full((1, 64, 96), 60.0)
    seen[..., 48:] = 42.0
    return seen


def test_the_doubtful_region_is_what_is_varied() -> None:
    first, second = find_variants(two_halves(), session(), count=2, naming=NAMING, options=OPTIONS)
    assert (first.number, first.of, first.hinted) == (1, 2, ())
    assert first.probability == pytest.approx(0.6, abs=0.08) and second.probability == pytest.approx(0.4, abs=0.08)
    ((region, choice),) = second.hinted
    assert region.choices[0].name == "blue" and choice.name == "red"
    assert not region.mask[:, :44].any() and region.mask[:, 52:].all()
    np.testing.assert_allclose(choice.ab, bin_centres()[nearest(RED)], atol=8)
    assert re.fullmatch(
        r"variant 1 of 2, probability 60 %: as estimated: blue at \(7[56] %, 50 %\), [45]\d % of the picture",
        str(first),
    )
    assert re.fullmatch(
        r"variant 2 of 2, probability 40 %: red at \(7[56] %, 50 %\), [45]\d % of the picture", str(second)
    )


def test_the_most_probable_is_hinted_where_the_estimate_is_another() -> None:
    first, second = find_variants(two_halves(), session(MANY_GREYS), count=2, naming=NAMING, options=OPTIONS)
    ((_, hinted),) = first.hinted
    assert hinted.name == "grey" and first.probability == pytest.approx(0.56, abs=0.08)
    assert second.hinted == () and "as estimated: brown" in str(second)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("belief", [BLUE_OR_RED, MANY_GREYS, NEIGHBOURS], ids=["far", "greys", "neighbours"])
def test_any_two_variants_differ(belief: dict[tuple[float, float], float], temperature: float) -> None:
    asked = session(belief, temperature=temperature)
    estimate = asked.color(two_halves())[:, :, -1].mean(1).tolist()  # of the right border, which is all one colour
    variants = find_variants(two_halves(), asked, count=9, naming=NAMING, options=OPTIONS)
    assert len(variants) > 1
    shown = [variant.hinted[0][1].ab if variant.hinted else estimate for variant in variants]
    for one, other in itertools.combinations(shown, 2):
        assert math.dist(one, other) >= OPTIONS.differ


def test_a_variant_hints_its_region_with_its_colour(tmp_path: Path) -> None:
    variants = find_variants(two_halves(), session(), count=2, naming=NAMING, options=OPTIONS)
    assert variants[0].hints(tmp_path, (128, 192)) == []
    (hint,) = variants[1].hints(tmp_path, (128, 192))
    ab, mask = draw(hint, (128, 192), (64, 96))
    assert not mask[:, :44].any() and mask[:, 52:].all()
    np.testing.assert_allclose(ab[:, 32, 80], variants[1].hinted[0][1].ab, atol=1e-4)


def test_places_are_those_of_the_picture_as_it_is_shown() -> None:
    turned = Turn(0, 1, -1, 0)  # by a quarter, clockwise: what is right when stored is shown below
    _, second = find_variants(two_halves(), session(), count=2, naming=NAMING, options=OPTIONS, turn=turned)
    assert re.search(r"red at \(50 %, 7[56] %\)", str(second))


def test_there_are_no_more_than_there_are_doubts() -> None:
    assert len(find_variants(two_halves(), session(), count=9, naming=NAMING, options=OPTIONS)) == 2
    same = VariantOptions(regions=3, names=3, least=0.05, least_area=0.02, differ=500.0, smooth=16.0)
    (only,) = find_variants(two_halves(), session(), count=9, naming=NAMING, options=same)
    assert only.probability == 1 and str(only).endswith("as estimated")


def test_parts_end_where_luma_has_borders() -> None:
    disc = cv2.circle(np.full((64, 96), 40, np.uint8), (30, 32), 14, 80, -1)
    masks = segment(torch.from_numpy(disc)[None].float(), torch.zeros(2, 16, 24), smooth=16, least_area=0.02)
    assert len(masks) == 2
    inside = next(mask for mask in masks if mask[32, 30])
    overlap = (inside & (disc == 80)).sum() / (inside | (disc == 80)).sum()
    assert overlap > 0.9 and not (masks[0] & masks[1]).any()


def test_what_cannot_be_varied_is_refused() -> None:
    with pytest.raises(ValueError, match="variants=0"):
        find_variants(two_halves(), session(), count=0, naming=NAMING, options=OPTIONS)
    regresses = Session(tiny_weights(classify=False), SessionOptions(size=64))
    with pytest.raises(ValueError, match="variants=3 needs a network with bins"):
        find_variants(two_halves(), regresses, count=3, naming=NAMING, options=OPTIONS)
    with pytest.raises(ValueError, match=r"variant\.names=1"):
        VariantOptions(regions=3, names=1, least=0.05, least_area=0.02, differ=15.0, smooth=16.0)
