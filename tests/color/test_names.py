import pytest
import torch
from PIL import ImageColor

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.color.chroma import lightness_from_luma
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.color.names import (
    TERMS,
    bin_terms,
    luma_levels,
    nearest_name,
    survey,
    term_colour,
    term_posterior,
    term_shares,
)


def lab_of(*codes: str) -> torch.Tensor:
    """(3, 1, n) of colours as `#rrggbb`."""
    return rgb_to_lab(torch.tensor([ImageColor.getrgb(code) for code in codes]).T[:, None] / 255)


def terms_of(*codes: str) -> list[str]:
    return [TERMS[number] for number in term_shares(lab_of(*codes))[:, 0].argmax(0)]


@pytest.mark.parametrize(
    ("term", "codes"),
    {
        "red": ["#ff0000", "#8b0000", "#c8102e"],
        "green": ["#00ff00", "#228b22", "#556b2f"],
        "blue": ["#0000ff", "#000080", "#87ceeb"],  # the last is a clear sky
        "yellow": ["#ffff00"],
        "orange": ["#ffa500"],
        "purple": ["#800080"],
        "pink": ["#ffc0cb"],
        "brown": ["#654321", "#8d5524"],  # the last is skin
        "grey": ["#808080", "#6b6b6f", "#9a9c98", "#4a4a48"],  # asphalt and concrete among them
        "white": ["#ffffff", "#f0f0f0", "#e8e8ee"],
        "black": ["#000000", "#151515", "#222222"],
    }.items(),
)
def test_plain_colours(term: str, codes: list[str]) -> None:
    assert terms_of(*codes) == [term] * len(codes)


def test_the_names_of_the_web_agree_where_they_are_basic_terms() -> None:
    """CSS is another list; where it names a basic term it should mostly be ours. 56 of 70 when written: some of its
    names are odd ("navajowhite" is a brown), so this is a floor and no target."""
    named = {name: next(t for t in TERMS if name.endswith(t)) for name in ImageColor.colormap if name.endswith(TERMS)}
    found = terms_of(*named)
    assert sum(a == b for a, b in zip(found, named.values(), strict=True)) >= 0.78 * len(named)


def test_the_same_ab_has_another_name_in_the_dark() -> None:
    orange = torch.tensor([[68.0], [30.0], [60.0]])[..., None]
    dark = torch.tensor([[30.0], [20.0], [30.0]])[..., None]
    assert [TERMS[int(term_shares(lab).argmax())] for lab in (orange, dark)] == ["orange", "brown"]
    near = (bin_centres() - torch.tensor([20.0, 40.0])).square().sum(-1).argmin()
    levels = luma_levels(torch.tensor([25.0, 70.0]))
    names = [TERMS[int(bin_terms()[0][level, near].argmax())] for level in levels]
    assert names[0] == "brown" != names[1]


def test_shares_sum_to_one_and_have_the_shape_of_the_picture() -> None:
    lab = (
        torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0)) * 100
        - torch.tensor([0, 50, 50])[:, None, None]
    )
    shares = term_shares(lab)
    assert shares.shape == (2, 11, 5, 7)
    torch.testing.assert_close(shares.sum(1), torch.ones(2, 5, 7))


def test_a_sure_posterior_has_the_name_of_its_colour() -> None:
    """Bright pixels that are surely in one bin, against the names of those colours themselves."""
    wanted = {"blue": (20.0, -60.0), "green": (-50.0, 50.0), "red": (70.0, 50.0), "grey": (0.0, 0.0)}
    bins = [int((bin_centres() - torch.tensor(ab)).square().sum(-1).argmin()) for ab in wanted.values()]
    probabilities = torch.nn.functional.one_hot(torch.tensor(bins), BIN_COUNT).float().T[:, None]
    terms = term_posterior(probabilities, torch.full((1, 1, 4), 45.0))
    torch.testing.assert_close(terms.sum(0), torch.ones(1, 4))
    assert [TERMS[number] for number in terms[:, 0].argmax(0)] == list(wanted)


def test_probabilities_add_up_over_bins_of_one_name() -> None:
    level = int(luma_levels(torch.tensor(45.0)))
    blue = bin_terms()[0][level, :, TERMS.index("blue")]
    probabilities = torch.rand(BIN_COUNT, 1, 1, generator=torch.Generator().manual_seed(1))
    probabilities /= probabilities.sum()
    terms = term_posterior(probabilities, torch.full((1, 1, 1), 45.0))
    assert float(terms[TERMS.index("blue")]) == pytest.approx(float((probabilities.flatten() * blue).sum()), abs=1e-5)


def test_levels_are_those_of_luma() -> None:
    luma = torch.arange(33) / 32
    assert luma_levels(lightness_from_luma(luma)).tolist() == list(range(33))


def test_finer_names_are_the_surveys() -> None:
    names, colours = survey()
    assert len(names) == len(colours) == 920
    assert nearest_name(lab_of("#e50000")[:, 0, 0]) == "red"  # its own colour in the survey
    assert nearest_name(lab_of("#5a7d9a")[:, 0, 0]) == "steel blue"
    assert nearest_name(lab_of("#e50000")[:, 0, 0], "pink").endswith(" pink")
    assert term_colour("green") == (0x15, 0xB0, 0x1A)
