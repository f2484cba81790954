"""Chooses how weights are decoded by default, and calibrates their posterior, on the tuning split."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import decode_annealed_mean, encode_soft
from temporal_colorize.color.chroma import ab_to_chroma, chroma_to_rgb, lightness_from_luma, luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.metrics.calibration import fit_temperature
from temporal_colorize.metrics.image import colorfulness

VIVIDNESS = (0.0, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
TEMPERATURE = (0.2, 0.38, 0.6, 1.0)
_PIXELS = 64  # of a frame, for the calibration


@dataclass(frozen=True)
class Seen:
    """A frame at the network's output resolution: luma (1, 1, h, w), true ab (1, 2, h, w), logits (313, h, w)."""

    luma: Tensor
    ab: Tensor
    logits: Tensor


def tune_decoding(
    weights: Weights, scenes: Iterable[Sequence[np.ndarray]], *, options: SessionOptions, least_colorfulness: float
) -> Decoding:
    """Choose vividness and temperature, and fit the calibration.

    Of all pairs whose mean colourfulness is at least `least_colorfulness` of the truth's, the one with the highest
    PSNR; if none is as colourful, the most colourful one. All at the resolution of the network's output.

    Args:
        weights: A network with bins; its own decoding is not looked at.
        scenes: The tuning split: frames in order, each (H, W, 3) uint8 RGB. The last of each is counted.
        options: How streams are coloured.
        least_colorfulness: Share of the truth's.

    Raises:
        ValueError: If there is no scene.
    """
    sums: dict[tuple[float, float], list[float]] = defaultdict(lambda: [0.0, 0.0])
    true_colorfulness = pixels = 0.0
    rows, index = [], []
    for scene in scenes:
        seen = look(weights, scene, options)
        truth = render(seen.luma, seen.ab)
        true_colorfulness += colorfulness(truth)
        pixels += truth[0].numel()
        for pair, rgb in _candidates(seen, weights.log_weights):
            sums[pair][0] += float((rgb - truth).square().mean(0).sum())
            sums[pair][1] += colorfulness(rgb)
        chosen = torch.linspace(0, seen.logits[0].numel() - 1, _PIXELS).long()
        rows.append((seen.logits - weights.log_weights[:, None, None]).flatten(1)[:, chosen])
        index.append(encode_soft(seen.ab, neighbours=1)[0].flatten()[chosen])
    if not rows:
        raise ValueError("the tuning split is empty: raise data.held_out_percent")
    colourful = {pair: total / true_colorfulness for pair, (_, total) in sums.items()}
    enough = [pair for pair, share in colourful.items() if share >= least_colorfulness]
    best = min(enough, key=lambda pair: sums[pair][0]) if enough else max(colourful, key=colourful.__getitem__)
    calibration = fit_temperature(torch.cat(rows, 1)[:, None], torch.cat(index)[None])
    return Decoding(vividness=best[0], temperature=best[1], calibration=round(calibration, 4))


def look(weights: Weights, scene: Sequence[np.ndarray], options: SessionOptions) -> Seen:
    """Run the network over a scene and keep its last frame."""
    session = Session(weights, options)
    for frame in scene:
        height, width = session.network_size(*frame.shape[:2])
        resized = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        rgb = torch.from_numpy(resized).permute(2, 0, 1).float() / 255
        luma = luma_of_rgb(rgb, "bt601")
        output = session.step(lightness_from_luma(luma))
    size = output.logits.shape[-2:]
    small = [F.adaptive_avg_pool2d(plane, size)[None] for plane in (luma, rgb_to_lab(rgb)[1:])]
    return Seen(*small, output.logits[0, 0].float().cpu())


def _candidates(seen: Seen, log_weights: Tensor) -> Iterator[tuple[tuple[float, float], Tensor]]:
    for vividness, temperature in itertools.product(VIVIDNESS, TEMPERATURE):
        ab = decode_annealed_mean(seen.logits, log_weights, vividness=vividness, temperature=temperature)
        yield (vividness, temperature), render(seen.luma, ab[None])


def render(luma: Tensor, ab: Tensor) -> Tensor:
    return chroma_to_rgb(luma, ab_to_chroma(luma, ab, "bt601"), "bt601")[0]
