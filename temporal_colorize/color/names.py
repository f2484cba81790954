"""Names of colours: the eleven basic terms, how much a colour is of each, and how sure a posterior is of each.

The terms are those of Berlin and Kay 1969; nothing here is invented, two published sources are put together:

Randall Munroe's colour survey (xkcd.com/color/rgb, 2010, CC0), `names_xkcd.csv`, but for the names of what bodies
excrete. A name whose last word is a basic term ("dark olive green") is a sample of that term, and a colour has the term
of the sample that is nearest in CIELAB.

Benavente, Vanrell and Baldrich, "Parametric fuzzy sets for automatic color naming" (JOSA A 25, 2008), for what the
survey, with two blacks and two whites, cannot tell: which colours have no hue, by an ellipse around grey for each of
six ranges of L*, `neutrals_benavente_2008.csv`, and at which L* black, grey and white meet.
"""

import csv
import functools
import math
from pathlib import Path

import torch
from torch import Tensor

from temporal_colorize.color.bins import BIN_COUNT, bin_centres
from temporal_colorize.color.chroma import Matrix, ab_to_chroma, chroma_to_rgb, lightness_from_luma
from temporal_colorize.color.lab import lab_to_rgb, rgb_to_lab

TERMS = ("black", "white", "red", "green", "yellow", "blue", "brown", "purple", "pink", "orange", "grey")
_HERE = Path(__file__).parent
_BLACK, _WHITE, _GREY = (TERMS.index(name) for name in ("black", "white", "grey"))
_DARK, _LIGHT = (28.28, 0.7142), (79.65, 0.3067)  # L* at which black and white meet grey, and how steeply
_LEVELS = 33  # of luma, for which bins are named
_SPREAD = (-10 / 3, 0.0, 10 / 3)  # ab units from a bin's centre: bins are 10 wide
_AT_ONCE = 1 << 16  # colours that are compared with the survey's together


def term_shares(lab: Tensor) -> Tensor:
    """Say how much colours are of each of `TERMS`.

    Args:
        lab: (*, 3, H, W), L* in 0..100.

    Returns:
        (*, 11, H, W) float32 on the CPU, summing to 1; mostly all of one, but where the neutral colours end.
    """
    colours = lab.float().cpu().movedim(-3, -1)
    rows = colours.reshape(-1, 3)
    shares = torch.nn.functional.one_hot(_nearest_term(rows), len(TERMS)).float()
    neutral = _neutral_share(rows)[:, None]
    shares = (1 - neutral) * shares
    neutral = neutral[:, 0] + shares[:, [_BLACK, _GREY, _WHITE]].sum(-1)
    dark, light = (torch.sigmoid(slope * (rows[:, 0] - middle)) for middle, slope in (_DARK, _LIGHT))
    shares[:, _BLACK], shares[:, _GREY] = neutral * (1 - dark), neutral * dark * (1 - light)
    shares[:, _WHITE] = neutral * dark * light
    return shares.reshape(*colours.shape[:-1], -1).movedim(-1, -3)


def _nearest_term(rows: Tensor) -> Tensor:
    """Give the number of the term, (n,), of the sample nearest to each colour, (n, 3)."""
    names, colours = survey()
    terms = {number: TERMS.index(name.split()[-1]) for number, name in enumerate(names) if name.split()[-1] in TERMS}
    samples, of = colours[list(terms)], torch.tensor(list(terms.values()))
    return torch.cat([of[torch.cdist(some, samples).argmin(-1)] for some in rows.split(_AT_ONCE)])


def _neutral_share(rows: Tensor) -> Tensor:
    """Say how far colours, (n, 3), are without hue, (n,) in 0..1: Benavente's elliptical sigmoid."""
    lightness, a, b = rows.unbind(-1)
    share = torch.zeros_like(lightness)
    for above, upto, centre_a, centre_b, half_a, half_b, angle, steepness in _neutrals():
        along = ((a - centre_a) * math.cos(angle) + (b - centre_b) * math.sin(angle)) / half_a
        across = ((b - centre_b) * math.cos(angle) - (a - centre_a) * math.sin(angle)) / half_b
        inside = torch.sigmoid(steepness * (1 - along.square() - across.square()))
        here = (lightness > above if above else True) & (lightness <= upto if upto < 100 else True)
        share = torch.where(torch.as_tensor(here), inside, share)
    return share


@functools.cache
def _neutrals() -> list[tuple[float, ...]]:
    with open(_HERE / "neutrals_benavente_2008.csv", newline="") as file:
        return [tuple(map(float, row.values())) for row in csv.DictReader(file)]


@functools.cache
@torch.inference_mode(False)
def bin_terms(matrix: Matrix = "bt601") -> tuple[Tensor, Tensor]:
    """Name the bins at every luma: the same a and b is orange in the light and brown in the dark.

    Colours are spread over each bin, and shown as `ab_to_chroma` shows them: at that luma, and inside the gamut.
    Computing it takes half a second, once.

    Returns:
        (33, 313, 11), shares of the terms at luma 0, 1/32 ... 1, and (33, 313, 3), the mean colour in Lab.
    """
    luma = torch.linspace(0, 1, _LEVELS)
    steps = torch.cartesian_prod(torch.tensor(_SPREAD), torch.tensor(_SPREAD))
    ab = (bin_centres()[:, None] + steps).reshape(-1, 2).T[:, None].expand(2, _LEVELS, -1)
    plane = luma[:, None].expand(1, -1, ab.shape[-1])
    lab = rgb_to_lab(chroma_to_rgb(plane, ab_to_chroma(plane, ab, matrix), matrix))
    terms, colours = (
        values.unflatten(-1, (BIN_COUNT, -1)).mean(-1).permute(1, 2, 0) for values in (term_shares(lab), lab)
    )
    return terms.contiguous(), colours.contiguous()


def luma_levels(lightness: Tensor) -> Tensor:
    """Give the row of `bin_terms` for what a network sees, any shape: L* in 0..100 of grey. int64."""
    between = lightness_from_luma((torch.arange(_LEVELS - 1) + 0.5) / (_LEVELS - 1))
    return torch.bucketize(lightness.contiguous(), between.to(lightness.device))


def term_posterior(probabilities: Tensor, lightness: Tensor) -> Tensor:
    """Turn what is believed of the bins into what is believed of the names.

    Args:
        probabilities: (313, H, W), as `color.bins.calibrated_posterior` gives it.
        lightness: (1, H, W), L* of the grey that has the pixel's luma, as `lightness_from_luma` gives it.

    Returns:
        (11, H, W) float32, summing to 1.
    """
    table, levels = bin_terms()[0], luma_levels(lightness[0])
    terms = torch.empty(*levels.shape, len(TERMS))
    bins = probabilities.movedim(0, -1).cpu()
    for level in levels.unique().tolist():
        here = levels == level
        terms[here] = bins[here] @ table[level]
    return terms.movedim(-1, 0)


@functools.cache
@torch.inference_mode(False)
def survey() -> tuple[tuple[str, ...], Tensor]:
    """Return the finer names and their colours, (n, 3) in Lab."""
    with open(_HERE / "names_xkcd.csv", newline="") as file:
        rows = [(row["name"], bytes.fromhex(row["hex"].removeprefix("#"))) for row in csv.DictReader(file)]
    rgb = torch.tensor([list(code) for _, code in rows]).T.float() / 255
    return tuple(name for name, _ in rows), rgb_to_lab(rgb[:, None])[:, 0].T.contiguous()


def nearest_name(lab: Tensor, term: str | None = None) -> str:
    """Return the finer name whose colour is nearest in CIELAB to one, (3,); with a term, of those that end in it."""
    names, colours = survey()
    fits = torch.tensor([term is None or name.split()[-1] == term for name in names])
    distance = (colours - lab.cpu()).square().sum(-1)
    return names[int(distance.where(fits, torch.tensor(math.inf)).argmin())]


def term_colour(term: str) -> tuple[int, int, int]:
    """Return the survey's own colour of a basic term, R, G and B in 0..255: to draw with."""
    names, colours = survey()
    rgb = lab_to_rgb(colours[names.index(term)][:, None, None])
    return tuple((rgb.flatten() * 255).round().int().tolist())
