"""Other colourings of a scene, each coherent: what a region is called next most probably, given to it as a hint.

One picture shown as the truth is what misleads. Regions are found in the first picture, where luma and the estimate
have borders; the few that matter most (large, and of doubtful colour) are varied, and a whole is as probable as the
names of those regions together, taken as independent.
"""

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
from temporal_colorize.inference.naming import NamingOptions, PixelNames, name_pixels, pool_pixels
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
        choices: The first is that of the estimate; at least two.
    """

    mask: np.ndarray
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One whole colouring.

    Attributes:
        number: 1 is the estimate as it is.
        of: How many there are.
        probability: That the regions that are varied all have these names.
        changed: The regions that are hinted, each with its colour.
    """

    number: int
    of: int
    probability: float
    changed: tuple[tuple[Region, Choice], ...]

    def __str__(self) -> str:
        shown = ", ".join(f"{choice.name} at {_place(region.mask)}" for region, choice in self.changed)
        what = shown or "as estimated"
        return f"variant {self.number} of {self.of}, probability {100 * self.probability:.0f} %: {what}"

    def hints(self, folder: Path, shape: tuple[int, int], *, turn: Turn = UNTURNED) -> list[Hint]:
        """Write the regions' masks to a folder, for luma of (height, width), and return hints of the first picture.

        Hints are of the picture as it is shown: `turn` says how it is.
        """
        import cv2

        hints = []
        for count, (region, choice) in enumerate(self.changed):
            path = folder / f"variant-{self.number}-{count}.png"
            mask = cv2.resize(region.mask.astype(np.uint8) * 255, shape[::-1], interpolation=cv2.INTER_LINEAR)
            cv2.imwrite(str(path), turn.shown(np.where(mask >= 128, 255, 0).astype(np.uint8)))
            hints.append(Hint(name=str(self), frame=0, ab=choice.ab, mask=path))
        return hints


def _place(mask: np.ndarray) -> str:
    rows, columns = np.nonzero(mask)
    across, down = (columns.mean() + 0.5) / mask.shape[1], (rows.mean() + 0.5) / mask.shape[0]
    return f"({100 * across:.0f} %, {100 * down:.0f} %)"


def find_variants(
    seen: Tensor, session: Session, *, count: int, naming: NamingOptions, options: VariantOptions
) -> list[Variant]:
    """Find the most probable colourings, the estimate first; fewer where nothing is in doubt.

    Args:
        seen: (1, H, W), the L* that the network sees of the first picture.
        session: A fresh session, of a network with bins; it has seen that picture then.
        count: How many at most.
        naming: How regions are named.
        options: See `VariantOptions`.

    Raises:
        ValueError: If the network has no bins, or the count is none.
    """
    require_number("variants", count, least=1, most=20)
    if not session.net.has_bins:
        raise ValueError(f"variants={count} needs a network with bins; these weights only regress")
    output = session.step(seen)
    pixels = name_pixels(output, seen, session.log_weights, calibration=session.decoding.calibration)
    parts = segment(seen, session.decode(output).ab, smooth=options.smooth, least_area=options.least_area)
    regions = [region for mask in parts if (region := _region(mask, pixels, naming, options)) is not None]
    regions.sort(key=_doubt, reverse=True)
    return _most_probable(regions[: options.regions], count)


def segment(seen: Tensor, ab: Tensor, *, smooth: float, least_area: float) -> list[np.ndarray]:
    """Divide a picture along its borders: masks, (H, W) bool, of parts with at least a share of its area.

    Args:
        seen: (1, H, W), L* in 0..100.
        ab: (2, h, w), the estimate.
        smooth: See `VariantOptions`, and
        least_area: this.
    """
    import cv2

    size = tuple(seen.shape[-2:])
    fine = torch.nn.functional.interpolate(ab[None], size, mode="bilinear", align_corners=False)[0]
    lab = torch.cat((seen * 2.55, fine + 128)).clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    flat = cv2.pyrMeanShiftFiltering(lab, 8, smooth)
    left = np.zeros((size[0] + 2, size[1] + 2), np.uint8)
    masks = []
    for row, column in np.ndindex(*size):
        if left[row + 1, column + 1]:
            continue
        before = left.copy()
        step = (smooth / 4,) * 3
        area = cv2.floodFill(flat, left, (column, row), 0, step, step, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))[0]
        if area >= least_area * size[0] * size[1]:
            masks.append((left != before)[1:-1, 1:-1])
    return masks


def _region(mask: np.ndarray, pixels: PixelNames, naming: NamingOptions, options: VariantOptions) -> Region | None:
    """Name a part; None if there is one colour only that it is likely to have."""
    import cv2

    size = tuple(pixels.terms.shape[-2:])
    here = torch.from_numpy(cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) >= 0.5)
    if not here.any():
        return None
    probabilities = pool_pixels([pixels.terms[:, here]]).settle(naming)
    distinct = _distinct(_expected(probabilities, pixels, here), options.differ)
    choices = [choice for choice in distinct if choice.probability >= options.least][: options.names]
    return Region(mask=mask, choices=tuple(choices)) if len(choices) > 1 else None


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
            choices.append(Choice(name, (a, b), float(probabilities[columns].sum())))
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


def _most_probable(regions: Sequence[Region], count: int) -> list[Variant]:
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
            changed=tuple(
                (region, choice)
                for region, choice in zip(regions, whole, strict=True)
                if choice is not region.choices[0]
            ),
        )
        for number, (probability, whole) in enumerate(wholes, 1)
    ]
