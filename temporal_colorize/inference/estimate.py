"""The estimate of one frame's colours: what is to be shown, and how sure it is."""

from typing import NamedTuple

import torch
from torch import Tensor

from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.weights import Decoding
from temporal_colorize.models.contract import ColorOutput, decode


class Estimate(NamedTuple):
    """Colours at the network's output resolution, float32 on the CPU.

    Attributes:
        ab: (2, h, w), in ab units; where abstaining was asked for, faded where it is unsure.
        confidence: (h, w) in 0..1, the probability that the colour, before any fading, is right as `Certainty` means
            it. What the network has kept of hints is no surer than its posterior says; a frame's own hints, and what
            a guide knows, come later: `hints.guidance.sure_with`. None if nobody has asked.
    """

    ab: Tensor
    confidence: Tensor | None = None

    def mixed(self, other: "Estimate", share: float) -> "Estimate":
        """Go a share of the way to another."""
        pairs = zip(self, other, strict=True)
        return Estimate(*(None if one is None or two is None else torch.lerp(one, two, share) for one, two in pairs))


def estimate(output: ColorOutput, log_weights: Tensor, how: Decoding, certainty: Certainty | None) -> Estimate:
    """Decode one frame.

    Args:
        output: Of a network, B = T = 1.
        log_weights: (313,), on the device of the output.
        how: How it is decoded.
        certainty: How confidence is found, which needs logits; None leaves it out.
    """
    ab = decode(output, log_weights, vividness=how.vividness, temperature=how.temperature)[0, 0]
    if certainty is None:
        return Estimate(ab.cpu())
    sure = certainty(output.logits[0, 0], log_weights, ab, temperature=how.calibration)
    return Estimate(ab.cpu(), sure)


def fade(estimate: Estimate, abstain: float) -> Estimate:
    """Fade colours to grey where confidence is below `abstain`: all of it at half that, and evenly between.

    A step at one number would flicker where confidence hovers about it.
    """
    if abstain == 0:
        return estimate
    share = (2 * estimate.confidence / abstain - 1).clamp(0, 1)
    return estimate._replace(ab=estimate.ab * share)


def be_cautious(estimate: Estimate, output: ColorOutput, *, keep: float) -> Estimate:
    """Keep a share of colours and of confidence where no hint gives them, in a frame that calls for caution."""
    if output.caution is None or not float(output.caution):
        return estimate
    share = torch.full(estimate.ab.shape[1:], keep)
    if output.known is not None:
        share = torch.lerp(share, torch.ones_like(share), output.known[0, 0, 2].float().cpu())
    sure = estimate.confidence
    return Estimate(estimate.ab * share, None if sure is None else sure * share)
