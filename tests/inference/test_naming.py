import numpy as np
import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.color.names import TERMS
from temporal_colorize.inference.box import Box
from temporal_colorize.inference.naming import NamingOptions, follow, name_pixels, pool
from temporal_colorize.models.contract import ColorOutput

OPTIONS = NamingOptions(arithmetic=1.0, geometric=0.0, difference=10.0, reach=0.2)


def scene(left: int, *, thing: bool = True) -> torch.Tensor:
    """A textured thing of 16x16 pixels at a place, before a plain wall: (1, 48, 96)."""
    picture = torch.full((1, 48, 96), 50.0)
    if thing:
        texture = torch.rand(16, 16, generator=torch.Generator().manual_seed(0)) * 60 + 20
        picture[0, 16:32, left : left + 16] = texture
    return picture


def box_at(left: int) -> Box:
    return Box(left / 96, 16 / 48, (left + 16) / 96, 32 / 48)


def test_a_thing_is_followed_both_ways() -> None:
    places = [40, 44, 48, 53, 60]
    found = follow([scene(left) for left in places], 2, box_at(48), OPTIONS)
    for where, left in zip(found, places, strict=True):
        np.testing.assert_allclose(where, box_at(left), atol=1e-6)


def test_it_is_followed_no_further_once_it_is_gone() -> None:
    frames = [scene(40), scene(40), scene(0, thing=False), scene(40)]
    assert [where is None for where in follow(frames, 0, box_at(40), OPTIONS)] == [False, False, True, True]
    assert [where is None for where in follow(frames, 3, box_at(40), OPTIONS)] == [True, True, True, False]


def test_a_plain_wall_does_not_wander() -> None:
    noise = torch.Generator().manual_seed(0)
    frames = [torch.full((1, 48, 96), 50.0) + torch.randn(1, 48, 96, generator=noise) for _ in range(5)]
    assert follow(frames, 0, box_at(40), OPTIONS) == [box_at(40)] * 5


def test_a_box_has_a_pixel_however_small() -> None:
    assert Box(0.999, 0.999, 1.0, 1.0).slices(4, 6) == (slice(3, 4), slice(5, 6))
    assert Box(0.0, 0.0, 1.0, 1.0).slices(4, 6) == (slice(0, 4), slice(0, 6))


def test_names_follow_the_bins() -> None:
    """Logits that are all for one bin, deep blue on the left and green on the right."""
    logits = torch.zeros(1, 1, BIN_COUNT, 2, 4)
    for half, ab in ((slice(0, 2), (20.0, -60.0)), (slice(2, 4), (-50.0, 50.0))):
        nearest = int((bin_centres() - torch.tensor(ab)).square().sum(-1).argmin())
        logits[:, :, nearest, :, half] = 30.0
    output = ColorOutput(torch.zeros(1, 1, 2, 2, 4), logits)
    pixels = name_pixels(output, torch.full((1, 8, 16), 40.0), torch.zeros(BIN_COUNT), calibration=1.0)
    assert pixels.terms.shape == (11, 2, 4) and pixels.lightness.shape == (1, 2, 4)
    names = [[TERMS[number] for number in row] for row in pixels.terms.argmax(0)]
    assert names == [["blue", "blue", "green", "green"]] * 2
    left = pool([pixels.terms], [Box(0, 0, 0.5, 1)]).settle(OPTIONS)
    assert TERMS[int(left.argmax())] == "blue" and float(left.max()) > 0.95


def test_frames_count_the_same_and_those_without_the_thing_not_at_all() -> None:
    one, two = torch.zeros(11, 2, 2), torch.zeros(11, 2, 2)
    one[3], two[5] = 1.0, 1.0
    everything = Box(0, 0, 1, 1)
    pooled = pool([one, two, two], [everything, Box(0, 0, 0.5, 0.5), None])
    torch.testing.assert_close(pooled.arithmetic.exp()[[3, 5]], torch.tensor([0.5, 0.5]))


def test_two_means_and_their_exponents() -> None:
    """By hand, of two pixels."""
    maps = torch.full((11, 1, 2), 1e-4)
    maps[0, 0], maps[1, 0] = torch.tensor([0.9, 0.1]), torch.tensor([0.1, 0.5])
    pooled = pool([maps], [Box(0, 0, 1, 1)])
    assert pooled.arithmetic[:2].exp().tolist() == pytest.approx([0.5, 0.3])
    assert pooled.geometric[:2].exp().tolist() == pytest.approx([0.3, 0.05**0.5])
    first, second = 0.5**0.8 * 0.3**0.4, 0.3**0.8 * 0.05**0.2
    settled = pooled.settle(NamingOptions(arithmetic=0.8, geometric=0.4, difference=10.0, reach=0.2))
    assert float(settled[0] / settled[1]) == pytest.approx(first / second, rel=1e-4)
    assert float(settled.sum()) == pytest.approx(1)


@pytest.mark.parametrize("option", [{"arithmetic": -1.0}, {"geometric": 99.0}, {"difference": -1.0}, {"reach": 2.0}])
def test_bad_options_are_named(option: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"naming.{next(iter(option))}="):
        NamingOptions(**{"arithmetic": 1.0, "geometric": 0.0, "difference": 10.0, "reach": 0.2} | option)
