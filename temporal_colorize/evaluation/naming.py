"""How often the name that is given to a thing's colour is right, and as often as it says."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import load_prior
from temporal_colorize.color.names import TERMS, term_posterior, term_shares
from temporal_colorize.evaluation.scenes import TruthFrame
from temporal_colorize.inference.box import Box
from temporal_colorize.inference.naming import NamingOptions, Pooled, follow, pool
from temporal_colorize.metrics.calibration import Reliability

COMMONEST, BY_LIGHTNESS = "always the commonest", "by lightness alone"
_CENTRE = Box(0.35, 0.35, 0.65, 0.65)  # of a picture of one thing
_CELL, _STEP = 1 / 6, 0.2  # a box's side and the distance between them, as shares of the shorter side
_CLEAR = 0.5  # share of a region's true pixels that its name must have, or it has no one name
_MEANS = slice(1, 1 + 2 * len(TERMS)), slice(1 + 2 * len(TERMS), None)  # of a row: the network's, the prior's


class NamedPixels(NamedTuple):
    """One frame, as a network sees and names it."""

    seen: Tensor
    terms: Tensor


class Regions:
    """Regions of scenes with their true names and what is believed of them; added up in any order.

    Attributes:
        scenes: One array a scene, (regions, 45) float32: the number of the true name in `TERMS`, then the logarithms
            `Pooled` has, of the network and of the prior.
    """

    def __init__(self) -> None:
        self.scenes: list[np.ndarray] = []

    def add(
        self, pixels: Sequence[NamedPixels], truths: Sequence[TruthFrame], options: NamingOptions, *, central: bool
    ) -> None:
        """Take a grid of boxes in the middle frame of a scene, or its central part, and those that have one true name.

        Args:
            pixels: Of every frame.
            truths: As many.
            options: How things are followed through the frames.
            central: Whether it is a picture of one thing.
        """
        middle = len(truths) // 2
        true = true_terms(truths[middle], pixels[middle].terms.shape[-2:])
        prior = _by_lightness(pixels[middle])
        rows = []
        for box in [_CENTRE] if central else _grid(*truths[middle].plane.shape):
            shares = true[:, *box.slices(*true.shape[-2:])].flatten(1).mean(1)
            if shares.max() < _CLEAR:
                continue
            places = follow([frame.seen for frame in pixels], middle, box, options)
            means = (*pool([frame.terms for frame in pixels], places), *pool([prior], [box]))
            rows.append(torch.cat([shares.argmax()[None].float(), *means]).numpy())
        self.scenes.extend([np.stack(rows)] if rows else [])

    def merge(self, other: "Regions") -> None:
        """Add all that another one has."""
        self.scenes.extend(other.scenes)

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the true names, (n,); weights by which each scene counts the same, (n,); and both rows of means."""
        rows = torch.from_numpy(np.concatenate(self.scenes))
        weights = torch.cat([torch.full((len(scene),), 1 / len(scene), dtype=torch.float64) for scene in self.scenes])
        return rows[:, 0].long(), weights, rows[:, _MEANS[0]], rows[:, _MEANS[1]]


def true_terms(truth: TruthFrame, size: tuple[int, int]) -> Tensor:
    """Name the true colours, averaged over pixels of the network's output: (11, h, w)."""
    return term_shares(F.adaptive_avg_pool2d(truth.lab, size))


def _grid(height: int, width: int) -> Iterator[Box]:
    side = min(height, width)
    across, down = _CELL * side / width, _CELL * side / height
    for top in np.arange(down / 2, 1 - down, _STEP * side / height):
        for left in np.arange(across / 2, 1 - across, _STEP * side / width):
            yield Box(float(left), float(top), float(left + across), float(top + down))


def _by_lightness(pixels: NamedPixels) -> Tensor:
    """Give what the names would be of whatever the network was trained on, at this lightness: (11, h, w)."""
    lightness = F.interpolate(pixels.seen[None], pixels.terms.shape[-2:], mode="area")[0]
    return term_posterior(_prior()[:, None, None].expand(-1, *lightness.shape[-2:]), lightness)


@functools.cache
def _prior() -> Tensor:
    prior = load_prior().float()
    return prior / prior.sum()


def _settled(means: Tensor, options: NamingOptions) -> Tensor:
    return Pooled(*means.split(len(TERMS), dim=-1)).settle(options)


def name_scores(regions: Regions, options: NamingOptions, name: str) -> dict[str, dict[str, float]]:
    """Score the names that are given, beside those that luma alone would give.

    Returns:
        A row for the weights, under their name, and for `BY_LIGHTNESS` and `COMMONEST`: how often the first and one of
        the first three is right in percent, over scenes and balanced over the true names, the error of calibration in
        0..1, and how many regions there are.
    """
    true, weights, network, prior = regions.tensors()
    commonest = torch.bincount(true, weights, minlength=len(TERMS))
    said = {
        name: _settled(network, options),
        BY_LIGHTNESS: _settled(prior, options),
        COMMONEST: (commonest / commonest.sum()).expand(len(true), -1),
    }
    return {row: _scores(probabilities, true, weights) for row, probabilities in said.items()}


def _scores(probabilities: Tensor, true: Tensor, weights: Tensor) -> dict[str, float]:
    scores: dict[str, float] = {}
    for count in (1, 3):
        right = (probabilities.topk(count).indices == true[:, None]).any(-1).double()
        scores[f"top {count}"] = 100 * float((right * weights).sum() / weights.sum())
        scores[f"top {count}, balanced"] = 100 * float(
            torch.stack([right[true == term].mean() for term in true.unique()]).mean()
        )
    reliability = Reliability()
    sure, guess = probabilities.max(-1)
    reliability.add(sure, guess == true, weights=weights)
    return {**scores, "ECE": reliability.ece(), "regions": len(true)}


def confusion(regions: Regions, options: NamingOptions) -> dict[str, dict[str, float]]:
    """Say what regions of each true name were called: {true: {named: percent, "regions": how many}}."""
    true, _, network, _ = regions.tensors()
    guess = _settled(network, options).argmax(-1)
    table = {}
    for term in true.unique().tolist():
        called = torch.bincount(guess[true == term], minlength=len(TERMS))
        shares = {name: 100 * float(count / called.sum()) for name, count in zip(TERMS, called, strict=True)}
        table[TERMS[term]] = {**shares, "regions": int(called.sum())}
    return table


def fit_naming(regions: Iterable[Regions]) -> tuple[float, float]:
    """Find the exponents, arithmetic and geometric, that give the true names the least mean log loss.

    Raises:
        ModuleNotFoundError: If SciPy is missing.
    """
    from scipy.optimize import minimize

    parts = [one.tensors()[:3] for one in regions]
    true, weights, means = (torch.cat(part) for part in zip(*parts, strict=True))
    arithmetic, geometric = means.double().split(len(TERMS), dim=-1)

    def loss(exponents: np.ndarray) -> float:
        scores = exponents[0] * arithmetic + exponents[1] * geometric
        losses = F.cross_entropy(scores, true, reduction="none")
        return float((losses * weights).sum() / weights.sum())

    found = minimize(loss, (0.5, 0.5), method="L-BFGS-B", bounds=((0, 20), (0, 20)))
    return float(found.x[0]), float(found.x[1])
