import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.color.posterior import probability_within


def mixture(**shares: float) -> torch.Tensor:
    """Put shares on the bins at ab = 0,0 and at 30,40, which is 50 units away."""
    at = {"grey": (0.0, 0.0), "far": (30.0, 40.0)}
    probabilities = torch.zeros(BIN_COUNT, 2, 3)
    for name, share in shares.items():
        number = int((bin_centres() == torch.tensor(at[name])).all(1).nonzero())
        probabilities[number] = share
    return probabilities


def test_what_is_near_counts_and_what_is_far_does_not() -> None:
    probabilities, grey = mixture(grey=0.75, far=0.25), torch.zeros(2, 2, 3)
    torch.testing.assert_close(probability_within(probabilities, grey, 49.9), torch.full((2, 3), 0.75))
    torch.testing.assert_close(probability_within(probabilities, grey, 50.0), torch.ones(2, 3))


def test_each_pixel_has_its_own_colour_and_leading_dimensions_are_free() -> None:
    colours = torch.zeros(5, 2, 2, 3)
    colours[3, :, 1, 2] = torch.tensor([30.0, 40.0])
    found = probability_within(mixture(grey=0.75, far=0.25).expand(5, -1, -1, -1), colours, 20)
    assert found.shape == (5, 2, 3) and found[3, 1, 2] == 0.25 and (found == 0.75).sum() == 29


def test_a_radius_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="radius=0"):
        probability_within(mixture(grey=1.0), torch.zeros(2, 2, 3), 0)
