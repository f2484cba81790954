"""Confidence against the truth: how often it is right, and how much less is wrong where it is high."""

import zlib

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.weights import Weights
from temporal_colorize.metrics.calibration import Reliability, fit_curve
from temporal_colorize.metrics.image import ab_distance
from temporal_colorize.metrics.risk import RiskCoverage
from temporal_colorize.models.contract import ColorOutput, decode

COLOURFUL = 15  # ab units of true chroma, above which a pixel is no grey road
HALF = "ab error at half coverage, % of all"
HALF_COLOURFUL = f"{HALF}, chroma > {COLOURFUL}"
CROSS_FITTED = "confidence ECE, cross-fitted"
FINE = 200  # bins of what is said, to which a curve is fitted


class Judged:
    """Of one group of scenes under one condition, by the default decoding, at the resolution of the network's output.

    Attributes:
        said: What the posterior says before the weights' own curve, for half of the scenes, by name, and the rest; each
            scene weighs the same, or a few long clips would decide a curve.
        sure: After that curve.
        risk: Of all pixels, by what the posterior says, which a curve does not put in another order, and
        colourful: of those whose true chroma is above COLOURFUL.
    """

    def __init__(self) -> None:
        self.said = Reliability(bins=FINE), Reliability(bins=FINE)
        self.sure = Reliability()
        self.risk, self.colourful = RiskCoverage(), RiskCoverage()

    def add(self, output: ColorOutput, true_ab: Tensor, weights: Weights, *, scene: str, frames: int = 1) -> None:
        """Judge one of a scene's frames: B = T = 1, and its true ab, (2, H, W)."""
        how, certainty = weights.decoding, weights.certainty
        logits, log_weights = output.logits[0, 0].cpu(), weights.log_weights.cpu()
        shown = decode(output, weights.log_weights, vividness=how.vividness, temperature=how.temperature)[0, 0].cpu()
        said = certainty.raw(logits, log_weights, shown, temperature=how.calibration)
        truth = F.adaptive_avg_pool2d(true_ab, logits.shape[-2:])
        distance, colourful = ab_distance(shown, truth), truth.norm(dim=0) > COLOURFUL
        right = distance <= certainty.within
        share = torch.full_like(said, 1 / (frames * said.numel()))
        self.said[zlib.crc32(scene.encode()) % 2].add(said, right, weights=share)
        self.sure.add(certainty.corrected(said), right)
        self.risk.add(said, distance)
        self.colourful.add(said[colourful], distance[colourful])

    def merge(self, other: "Judged") -> None:
        """Add all that another one has judged."""
        for mine, theirs in zip(self.said, other.said, strict=True):
            mine.merge(theirs)
        self.sure.merge(other.sure)
        self.risk.merge(other.risk)
        self.colourful.merge(other.colourful)

    def scores(self) -> dict[str, float]:
        """Return the measures; NaN where there is no such pixel."""
        ratios = {HALF: 100 * self.risk.ratio(), HALF_COLOURFUL: 100 * self.colourful.ratio()}
        return {"confidence ECE": self.sure.ece(), **ratios}


def cross_fitted(judged: Judged, everything: Judged) -> Reliability:
    """Put what was said of each half through a curve that was fitted to the other half of everything.

    Raises:
        ValueError: If a half of everything is empty.
    """
    result = Reliability()
    for half, other in zip(judged.said, reversed(everything.said), strict=True):
        curve = Certainty(**dict(zip(("said", "right"), fit_curve(other.table()), strict=True)))
        if not half.counted:
            continue
        table = [bar for bar in half.table() if bar.weight]
        confidence, right, weight = (
            torch.tensor([getattr(bar, name) for bar in table]) for name in ("confidence", "accuracy", "weight")
        )
        result.add(curve.corrected(confidence), right, weights=weight)
    return result
