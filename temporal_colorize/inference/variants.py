"""Other colourings of a scene, each coherent: what a region is called next most probably, given to it as a hint.

One picture shown as the truth is what misleads. Regions are found in the first picture, where luma and the estimate
have borders; the few that matter most (large, and of doubtful colour) are varied, and a whole is as probable as the
names of those regions together, taken as independent. What is estimated is no mean of names and need not be the most
probable one, so it is one of the wholes only where it has a name's colour in every region; of all others every region
is hinted, as a hint in one may change what is estimated beside it.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.names import TERMS, bin_terms, luma_levels
from temporal_colorize.inference.hints.entries import Hint
from temporal_colorize.inference.naming import NamingOptions, PixelNames, claim, name_pixels, pool_pixels
from temporal_colorize.inference.picture_parts import place_of, segment
from temporal_colorize.inference.session import Session
from temporal_colorize.inference.turn import UNTURNED, Turn
from temporal_colorize.options import require_number

_NEUTRAL = frozenset({"black", "grey", "white"})  # luma is known, so these are one colour
_NO_HUE = "grey"


@dataclass(frozen=True, kw_only=True)
class VariantOptions:
    """What is varied.

    Attributes:
        regions: How many at most.
        names: How many names of each, its first included.
        least: Smallest probability of a name.
        least_area: Smallest region, as a share of the picture.
        differ: ab units by which a colour must differ from the region's others, or nobody sees a difference.
        smooth: Distance in the Lab of the estimate, scaled to 0..255, within which neighbours are one region.

    Raises:
        ValueError: If a value is out of its range.
    """

    regions: int
    names: int
    least: float
    least_area: float
    differ: float
    smooth: float

    def __post_init__(self) -> None:
        require_number("variant.regions", self.regions, least=1, most=6)
        require_number("variant.names", self.names, least=2, most=6)
        require_number("variant.least", self.least, least=0, most=1)
        require_number("variant.least_area", self.least_area, least=0.0001, most=1)
        require_number("variant.differ", self.differ, least=0)
        require_number("variant.smooth", self.smooth, least=1, most=100)


class Choice(NamedTuple):
    """A colour that a region could have: its name, its ab, and how probable it is."""

    name: str
    ab: tuple[float, float]
    probability: float


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the first picture.

    Attributes:
        mask: (h, w) bool, at the network's input resolution.
        choices: The most probable first; at least two.
        estimated: The one that is seen without any hint; None if the estimate looks like none of them, or like two.
    """

    mask: np.ndarray
    choices: tuple[Choice, ...]
    estimated: Choice | None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One whole colouring.

    Attributes:
        number: 1 is the most probable.
        of: How many there are.
        probability: That the regions that are varied all have these names.
        whole: Those regions, each with its colour.
        turn: How the picture is turned when it is shown, which is how places and hints are meant.
    """

    number: int
    of: int
    probability: float
    whole: tuple[tuple[Region, Choice], ...]
    turn: Turn = UNTURNED

    @property
    def hinted(self) -> tuple[tuple[Region, Choice], ...]:
        """What of it must be hinted: all, or nothing if it is the estimate as it is."""
        estimated = all(choice is region.estimated for region, choice in self.whole)
        return () if estimated else self.whole

    def __str__(self) -> str:
        shown = [(self.turn.shown(region.mask), choice) for region, choice in self.whole]
        parts = [f"{choice.name} at {place_of(mask)}, {_share(mask)} of the picture" for mask, choice in shown]
        what = ": ".join([*["as estimated"] * (not self.hinted), *["; ".join(parts)] * bool(parts)])
        return f"variant {self.number} of {self.of}, probability {100 * self.probability:.0f} %: {what}"

    def hints(self, folder: Path, shape: tuple[int, int]) -> list[Hint]:
        """Write the regions' masks to a folder, for luma of (height, width), and return hints of the first picture."""
        import cv2

        hints = []
        for count, (region, choice) in enumerate(self.hinted):
            path = folder / f"variant-{self.number}-{count}.png"
            mask = cv2.resize(region.mask.astype(np.uint8) * 255, shape[::-1], interpolation=cv2.INTER_LINEAR)
            cv2.imwrite(str(path), self.turn.shown(np.where(mask >= 128, 255, 0).astype(np.uint8)))
            hints.append(Hint(name=str(self), frame=0, ab=choice.ab, mask=path))
        return hints


def _share(mask: np.ndarray) -> str:
    return f"{100 * mask.mean():.2g} %"


def find_variants(
    seen: Tensor,
    session: Session,
    *,
    count: int,
    naming: NamingOptions,
    options: VariantOptions,
    turn: Turn = UNTURNED,
) -> list[Variant]:
    """Find the most probable colourings, in that order; fewer where nothing is in doubt.

    Args:
        seen: (1, H, W), the L* that the network sees of the first picture.
        session: A fresh session, of a network with bins; it has seen that picture then.
        count: How many at most.
        naming: How regions are named.
        options: See `VariantOptions`.
        turn: How the picture is turned when it is shown.

    Raises:
        ValueError: If the network has no bins, or the count is none.
    """
    require_number("variants", count, least=1, most=20)
    if not session.net.has_bins:
        raise ValueError(f"variants={count} needs a network with bins; these weights only regress")
    output = session.step(seen)
    pixels = name_pixels(output, seen, session.log_weights, calibration=session.decoding.calibration)
    ab = session.decode(output).ab
    parts = segment(seen, ab, smooth=options.smooth, least_area=options.least_area)
    named = functools.partial(_region, pixels=pixels, share=session.trusts(output), naming=naming, options=options)
    regions = [region for mask in parts if (region := named(mask, ab)) is not None]
    regions.sort(key=_doubt, reverse=True)
    return _most_probable(regions[: options.regions], count, turn)


def _region(
    mask: np.ndarray, ab: Tensor, *, pixels: PixelNames, share: float, naming: NamingOptions, options: VariantOptions
) -> Region | None:
    """Name a part; None if there is one colour only that it is likely to have."""
    import cv2

    size = tuple(pixels.terms.shape[-2:])
    here = torch.from_numpy(cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) >= 0.5)
    if not here.any():
        return None
    probabilities = claim(pool_pixels([pixels.terms[:, here]]).settle(naming), share)
    distinct = _distinct(_expected(probabilities, pixels, here), options.differ)
    choices = [choice for choice in distinct if choice.probability >= options.least][: options.names]
    if len(choices) < 2:
        return None
    return Region(mask=mask, choices=tuple(choices), estimated=_looking_like(ab[:, here], choices, options.differ))


def _looking_like(ab: Tensor, choices: Sequence[Choice], differ: float) -> Choice | None:
    """Find the choice that nobody could tell from colours, (2, n); none if they are as near to two, or of many hues."""
    mean = ab.mean(1).tolist()
    alike = [choice for choice in choices if math.dist(choice.ab, mean) < differ]
    uneven = any((ab.T - torch.tensor(choice.ab)).norm(dim=1).mean() >= differ for choice in alike)
    return None if uneven or len(alike) != 1 else alike[0]


def _expected(probabilities: Tensor, pixels: PixelNames, here: Tensor) -> list[Choice]:
    """List the names of a part, the most probable first, each with the ab that is expected if it is the one."""
    level = luma_levels(pixels.lightness[0, here].mean())
    terms, colours = (table[level] for table in bin_terms())
    mass = pixels.bins[:, here].mean(1)[:, None] * terms + 1e-9 * terms
    choices = []
    for name in (*(term for term in TERMS if term not in _NEUTRAL), _NO_HUE):
        columns = [number for number, term in enumerate(TERMS) if term == name or {term, name} <= _NEUTRAL]
        own = mass[:, columns].sum(1)
        if own.sum() > 0:  # a dark yellow, say, does not exist
            a, b = ((own @ colours)[1:] / own.sum()).tolist()
            likeliest = max(columns, key=lambda number: float(probabilities[number]))
            choices.append(Choice(TERMS[likeliest], (a, b), float(probabilities[columns].sum())))
    return sorted(choices, key=lambda choice: -choice.probability)


def _distinct(choices: Sequence[Choice], differ: float) -> list[Choice]:
    """Count names whose colours look alike for the most probable of them."""
    kept: list[Choice] = []
    for choice in choices:
        alike = next((n for n, other in enumerate(kept) if math.dist(choice.ab, other.ab) < differ), None)
        if alike is None:
            kept.append(choice)
        else:
            kept[alike] = kept[alike]._replace(probability=kept[alike].probability + choice.probability)
    return sorted(kept, key=lambda choice: -choice.probability)


def _doubt(region: Region) -> float:
    """How much of the picture is likely to be another colour than its first."""
    return float(region.mask.mean()) * (1 - region.choices[0].probability)


def _most_probable(regions: Sequence[Region], count: int, turn: Turn) -> list[Variant]:
    wholes = [
        (math.prod(choice.probability for choice in whole), whole)
        for whole in itertools.product(*(region.choices for region in regions))
    ]
    wholes.sort(key=lambda item: -item[0])
    wholes = wholes[:count]
    return [
        Variant(
            number=number,
            of=len(wholes),
            probability=probability,
            whole=tuple(zip(regions, whole, strict=True)),
            turn=turn,
        )
        for number, (probability, whole) in enumerate(wholes, 1)
    ]
