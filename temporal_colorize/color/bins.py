"""The 313 quantised ab bins of Zhang et al. 2016, and what is done with them.

Encoding and rebalancing follow "Colorful Image Colorization" (ECCV 2016), sections 2.1 to 2.3; that the rebalancing
weights are taken out again before decoding is ours: a classifier trained with weights w learns a posterior
proportional to p * w, so softmax(logits - tau * log w) is the honest posterior at tau = 1 and theirs at tau = 0.
"""

import csv
import functools
import math
from pathlib import Path

import torch
from torch import Tensor

from temporal_colorize.options import require_number

BIN_COUNT = 313
_HERE = Path(__file__).parent


@functools.cache
@torch.inference_mode(False)  # kept for whoever asks next, who may want gradients
def bin_centres() -> Tensor:
    """Return the bin centres, (313, 2) float32: a and b, in the order of Zhang et al."""
    with open(_HERE / "ab_gamut_313.csv", newline="") as file:
        rows = [(float(row["a"]), float(row["b"])) for row in csv.DictReader(file)]
    return torch.tensor(rows)


def encode_soft(ab: Tensor, *, neighbours: int = 5, sigma: float = 5.0) -> tuple[Tensor, Tensor]:
    """Spread each colour over its nearest bins, by a Gaussian of the distance.

    Args:
        ab: (B, 2, H, W), in ab units.
        neighbours: How many bins share one colour.
        sigma: Width of the Gaussian, in ab units.

    Returns:
        The bins' indices, int64, and their weights, float32, which sum to 1 over dimension 1;
        both (B, neighbours, H, W).
    """
    batch, _, height, width = ab.shape
    colours = ab.float().movedim(1, -1).reshape(-1, 2)
    cell = (colours.round().long() + 128).clamp(0, 255)
    candidates = _near_bins().to(ab.device)[cell[:, 0], cell[:, 1]]
    distance = (bin_centres().to(ab.device)[candidates] - colours[:, None]).square().sum(-1)
    distance, order = distance.topk(neighbours, largest=False)
    index = candidates.gather(1, order)
    # From the nearest distance, or a colour far from every bin would underflow to 0 / 0.
    weight = torch.softmax((distance[:, :1] - distance) / (2 * sigma**2), dim=-1)

    def as_planes(rows: Tensor) -> Tensor:
        return rows.reshape(batch, height, width, neighbours).movedim(-1, 1)

    return as_planes(index), as_planes(weight)


@functools.cache
@torch.inference_mode(False)
def _near_bins() -> Tensor:
    """List the 12 bins nearest to every whole (a, b) in -128..127, (256, 256, 12): the nearest five are among them
    for every colour that rounds to it, and comparing 12 bins is five times as fast as comparing 313."""
    whole = torch.arange(-128.0, 128.0)
    rows = [torch.cdist(torch.stack([a.expand(256), whole], 1), bin_centres()) for a in whole]
    return torch.stack(rows).topk(12, largest=False).indices


def count_prior(ab: Tensor) -> Tensor:
    """Count how the colours of ab, (B, 2, H, W), fall on the bins: (313,) float64, unnormalised soft counts."""
    index, weight = encode_soft(ab)
    counts = torch.zeros(BIN_COUNT, dtype=torch.float64)
    return counts.scatter_add_(0, index.flatten().cpu(), weight.flatten().double().cpu())


def rebalancing_weights(prior: Tensor, *, uniform: float = 0.5, sigma: float = 5.0) -> Tensor:
    """Weigh rare colours up (Zhang et al., eq. 4): w = 1 / ((1 - uniform) * p + uniform / Q), expectation 1.

    Args:
        prior: (313,), how common each bin is; it need not be normalised.
        uniform: Share of the uniform distribution mixed in (lambda in the paper); 1 turns rebalancing off.
        sigma: Width in ab units of the Gaussian over the bins by which the prior is smoothed first.

    Returns:
        (313,) float32, with sum(prior * w) = 1 for the smoothed prior.

    Raises:
        ValueError: If the prior has another shape, a negative entry or no mass, or uniform is outside 0..1.
    """
    require_number("loss.uniform", uniform, least=0, most=1)
    if prior.shape != (BIN_COUNT,) or bool((prior < 0).any()) or not prior.sum() > 0:
        raise ValueError(f"a prior has {BIN_COUNT} entries, none negative and not all zero; got {tuple(prior.shape)}")
    centres = bin_centres().double()
    kernel = torch.exp(-torch.cdist(centres, centres).square() / (2 * sigma**2))
    smooth = (kernel / kernel.sum(0)) @ prior.double().cpu()
    smooth = smooth / smooth.sum()
    weights = 1 / ((1 - uniform) * smooth + uniform / BIN_COUNT)
    return (weights / (smooth * weights).sum()).float()


def load_prior(path: str | Path | None = None) -> Tensor:
    """Read a bin prior, (313,) float64, as `python -m data_prep.prior` writes it.

    Args:
        path: A CSV file with the columns index and probability; None for the one that ships, counted from the
            stills and surveillance clips that the shipped weights were trained on.

    Raises:
        ValueError: If the file cannot be read or does not hold 313 rows.
    """
    try:
        with open(path or _HERE / "ab_prior_313.csv", newline="") as file:
            prior = torch.tensor([float(row["probability"]) for row in csv.DictReader(file)], dtype=torch.float64)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is not a prior that can be read; `python -m data_prep.prior` makes one") from error
    if len(prior) != BIN_COUNT:
        raise ValueError(f"{path}: a prior has {BIN_COUNT} rows, this file has {len(prior)}")
    return prior


def posterior(logits: Tensor, log_weights: Tensor, *, vividness: float = 0.0) -> Tensor:
    """Turn logits into probabilities, the training's rebalancing taken out.

    Args:
        logits: (*, 313, H, W).
        log_weights: (313,), the logarithms of the rebalancing weights that the network was trained with.
        vividness: 0 for the honest posterior (tau = 1), 1 for the rebalanced one (tau = 0), or between.

    Returns:
        (*, 313, H, W) float32, summing to 1 over the bins.
    """
    return torch.softmax(_untilted(logits, log_weights, vividness), dim=-3)


def calibrated_posterior(logits: Tensor, log_weights: Tensor, *, temperature: float) -> Tensor:
    """Turn logits, (*, 313, H, W), into honest probabilities whose confidence is as often right as it says.

    Args:
        logits: See `posterior`.
        log_weights: See `posterior`.
        temperature: Fitted to held-out pixels, see `metrics.calibration.fit_temperature`; 1 changes nothing.
    """
    return torch.softmax(_untilted(logits, log_weights, 0.0) / temperature, dim=-3)


def decode_annealed_mean(
    logits: Tensor, log_weights: Tensor, *, vividness: float = 0.0, temperature: float = 0.38
) -> Tensor:
    """Decode logits to one colour a pixel by the annealed mean (Zhang et al., eq. 5).

    Args:
        logits: (*, 313, H, W).
        log_weights: (313,), see `posterior`.
        vividness: See `posterior`.
        temperature: 1 for the mean of the distribution; towards 0 it becomes the mode.

    Returns:
        (*, 2, H, W) float32, in ab units.

    Raises:
        ValueError: If vividness is outside 0..1 or the temperature is not positive.
    """
    if not 0 <= vividness <= 1:
        raise ValueError(f"vividness={vividness} is outside 0..1: 0 is honest, 1 is the most vivid")
    if not temperature > 0 or math.isinf(temperature):
        raise ValueError(f"temperature={temperature} must be above 0: 1 is the mean, 0.38 is near the mode")
    probabilities = _untilted(logits, log_weights, vividness).mul_(1 / temperature).softmax(dim=-3)
    with torch.autocast(logits.device.type, enabled=False):  # in bfloat16 ab would be off by up to 0.25
        ab = bin_centres().to(logits.device).T @ probabilities.flatten(-2)
    return ab.reshape(*logits.shape[:-3], 2, *logits.shape[-2:])


def _untilted(logits: Tensor, log_weights: Tensor, vividness: float) -> Tensor:
    return logits.float() - (1 - vividness) * log_weights.to(logits.device).float()[:, None, None]
