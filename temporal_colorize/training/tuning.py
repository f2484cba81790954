"""Chooses how weights are decoded by default, and calibrates their posterior, on the tuning split."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import decode_annealed_mean, encode_soft
from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.planes import render, see
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.metrics.calibration import fit_temperature
from temporal_colorize.metrics.image import colorfulness, psnr

_PIXELS = 64  # of a frame, for the calibration


@dataclass(frozen=True)
class Seen:
    """A frame at the network's output resolution: luma (1, 1, h, w), true ab (1, 2, h, w), logits (313, h, w)."""

    luma: Tensor
    ab: Tensor
    logits: Tensor


class Tuned(NamedTuple):
    """The decoding chosen, and in words what it was chosen on and what it gave there."""

    decoding: Decoding
    notes: str


class _Score:
    """Of one kind of scenes, stills or clips, under one pair of vividness and temperature."""

    def __init__(self) -> None:
        self.squares = self.pixels = self.colour = self.true_colour = 0.0

    def add(self, rgb: Tensor, truth: Tensor) -> None:
        self.squares += float((rgb - truth).square().mean(0).sum())
        self.pixels += truth[0].numel()
        self.colour += colorfulness(rgb)
        self.true_colour += colorfulness(truth)

    @property
    def psnr(self) -> float:
        return psnr(self.squares / self.pixels)

    @property
    def colourfulness(self) -> float:
        """As a share of the truth's."""
        return self.colour / max(self.true_colour, 1e-6)


def tune_decoding(
    weights: Weights,
    scenes: Iterable[Sequence[np.ndarray]],
    *,
    options: SessionOptions,
    vividness: Sequence[float],
    temperature: Sequence[float],
    colorfulness: tuple[float, float],
) -> Tuned:
    """Choose vividness and temperature, and fit the calibration.

    Of all pairs under which the mean colourfulness of stills and that of clips are both within bounds, the one with the
    highest PSNR, as the mean of the two kinds; if there is none, among those that miss the bounds by least. All at the
    resolution of the network's output.

    Args:
        weights: A network with bins; its own decoding is not looked at.
        scenes: The tuning split: frames in order, each (H, W, 3) uint8 RGB; one frame is a still. The last is judged.
        options: How streams are coloured.
        vividness: What is tried.
        temperature: What is tried with each.
        colorfulness: The bounds, as shares of the truth's.

    Raises:
        ValueError: If there is no scene.
    """
    scores: dict[tuple[float, float], dict[str, _Score]] = defaultdict(lambda: defaultdict(_Score))
    rows, index = [], []
    for scene in scenes:
        seen, kind = look(weights, scene, options), "stills" if len(scene) == 1 else "clips"
        truth = render(seen.luma, seen.ab)[0]
        for pair in itertools.product(vividness, temperature):
            ab = decode_annealed_mean(seen.logits, weights.log_weights, vividness=pair[0], temperature=pair[1])
            scores[pair][kind].add(render(seen.luma, ab[None])[0], truth)
        chosen = torch.linspace(0, seen.logits[0].numel() - 1, _PIXELS).long()
        rows.append((seen.logits - weights.log_weights[:, None, None]).flatten(1)[:, chosen])
        index.append(encode_soft(seen.ab, neighbours=1)[0].flatten()[chosen])
    if not rows:
        raise ValueError("the tuning split is empty: raise data.held_out_percent")
    best = min(scores, key=lambda pair: _rank(scores[pair].values(), *colorfulness))
    calibration = fit_temperature(torch.cat(rows, 1)[:, None], torch.cat(index)[None])
    found = (f"{kind}: colourfulness {s.colourfulness:.2f}, PSNR {s.psnr:.2f}" for kind, s in scores[best].items())
    decoding = Decoding(vividness=best[0], temperature=best[1], calibration=round(calibration, 4))
    return Tuned(decoding, f"{len(rows)} scenes; {'; '.join(found)}")


def _rank(scores: Iterable[_Score], least: float, most: float) -> tuple[float, float]:
    """How far the worst kind is out of bounds, in steps of 0.01, and then the mean PSNR; less is better."""
    scores = list(scores)
    misses = (max(least - score.colourfulness, score.colourfulness - most, 0.0) for score in scores)
    return math.ceil(100 * max(misses)), -sum(score.psnr for score in scores) / len(scores)


def look(weights: Weights, scene: Sequence[np.ndarray], options: SessionOptions) -> Seen:
    """Run the network over a scene and keep its last frame."""
    session = Session(weights, options)
    for frame in scene:
        rgb = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float() / 255
        luma = luma_of_rgb(rgb, "bt601")
        plane = (luma[0] * 255).round().byte().numpy()
        output = session.step(see(plane, session.network_size(*plane.shape)))
    size = output.logits.shape[-2:]
    small = [F.adaptive_avg_pool2d(plane, size)[None] for plane in (luma, rgb_to_lab(rgb)[1:])]
    return Seen(*small, output.logits[0, 0].float().cpu())
