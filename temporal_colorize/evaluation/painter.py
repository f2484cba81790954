"""Colours a truth's luma with weights, under a condition: clean or degraded, unhinted or with its first frame given."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import calibrated_posterior, encode_soft
from temporal_colorize.color.chroma import chroma_from_codes, chroma_to_rgb, luma_from_code
from temporal_colorize.evaluation.judging import Judged
from temporal_colorize.evaluation.naming import NamedPixels
from temporal_colorize.evaluation.scenes import TruthFrame
from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.naming import name_pixels
from temporal_colorize.inference.planes import FULL_RANGE, ab_at, render, see
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.metrics.calibration import Reliability, top_bin
from temporal_colorize.models.contract import ColorOutput

HONEST = "honest"
Vividness = float | Literal["honest"] | None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the network is given.

    Attributes:
        name: For the report.
        degrade: Makes the luma that it sees, as `data.degrade.Degradation`; None for the clean luma.
        size: Shorter side of what it sees; None for the session's own.
        first_frame: Hint all of the first frame's true colours; that frame is then not scored.
        carry: Whether state is carried from frame to frame.
        vividness: One row each: a number, None for what suits the weights, or "honest": 0 and the mean (T = 1).
        clips_only: Whether stills are left out.
        most_frames: Of a clip; None for all.
        as_video: Coloured as `infer.py` does it, in 8-bit codes and by the default decoding alone,
        gate: with this gate, or on every frame.
        named: Whether pixels are named, too.
    """

    name: str
    degrade: Callable[..., Tensor] | None = None
    size: int | None = None
    first_frame: bool = False
    carry: bool = True
    vividness: tuple[Vividness, ...] = (None,)
    clips_only: bool = False
    most_frames: int | None = None
    as_video: bool = False
    gate: GateOptions | None = None
    named: bool = False

    @property
    def calibrates(self) -> bool:
        """Whether confidence is fitted to what comes of it: coloured as a file is, of a clean or a poor camera."""
        return self.size is None and self.carry and not self.first_frame


@dataclass
class Painted:
    """What came out.

    Attributes:
        rows: Row name to the coloured frames, each (3, H, W) RGB in [0, 1] over the *clean* luma, so that under a
            degradation too only colour is judged.
        reliability: The honest posterior's likeliest bin against the true one, a first frame that was given left out;
            None without a 313-bin head.
        judged: How sure it was of what it shows by default, likewise.
        names: Of every frame, where the condition asks for them and there are bins.
    """

    rows: dict[str, list[Tensor]]
    reliability: Reliability | None = field(default=None)
    judged: Judged | None = field(default=None)
    names: list[NamedPixels] = field(default_factory=list)


def row_name(weights: str, vividness: Vividness) -> str:
    """Name a row of the report."""
    if vividness is None or vividness == HONEST:
        return f"{weights}, {vividness or 'default'}"
    return f"{weights}, vividness {vividness:g}"


def paint(
    weights: Weights,
    truths: Sequence[TruthFrame],
    condition: Condition,
    options: SessionOptions,
    *,
    seed: str,
    device: torch.device | None = None,
) -> Painted:
    """Colour the frames of a scene; the network runs once, whatever the number of rows.

    Args:
        weights: The network.
        truths: The scene's frames in order.
        condition: What it is given.
        options: How streams are coloured; `condition.size` replaces the size.
        seed: Decides a degradation: the scene's name, so that every weights sees the same.
        device: Where the network runs; the CPU if None.
    """
    session = Session(weights, replace(options, size=condition.size or options.size), device=device)
    if condition.as_video:
        return Painted({row_name(weights.name, None): list(_paint_as_video(session, truths, condition.gate))})
    decodings = _decodings(session.decoding, condition.vividness, has_bins=weights.net.has_bins)
    painted = Painted({row_name(weights.name, vividness): [] for vividness in decodings})
    for number, (plane, truth) in enumerate(zip(_planes(truths, condition, seed), truths, strict=True)):
        if not condition.carry:
            session.reset()
        seen = see(plane, session.network_size(*plane.shape))
        given = condition.first_frame and number == 0
        hints = _all_hinted(truth, seen) if given else None
        output = session.step(seen, hints)
        luma = luma_from_code(torch.from_numpy(plane)[None], FULL_RANGE)
        for row, decoding in zip(painted.rows.values(), decodings.values(), strict=True):
            row.append(render(truth.luma, ab_at(luma, session.decode(output, decoding).ab, seen)))
        if output.logits is not None and not given:
            painted.reliability = painted.reliability or Reliability()
            painted.reliability.add(*judge_posterior(output, truth.lab[1:], weights))
            painted.judged = painted.judged or Judged()
            painted.judged.add(output, truth.lab[1:], weights, scene=seed, frames=len(truths))
        if output.logits is not None and condition.named:
            calibration = weights.decoding.calibration
            pixels = name_pixels(output, seen, weights.log_weights, calibration=calibration)
            painted.names.append(NamedPixels(seen, pixels.terms))
    return painted


def _paint_as_video(session: Session, truths: Sequence[TruthFrame], gate: GateOptions | None) -> Iterator[Tensor]:
    shape = truths[0].plane.shape
    stream = ChromaStream(session, FULL_RANGE, shape=shape, chroma_shape=shape, gate=gate)
    for truth in truths:
        codes = torch.from_numpy(np.stack(stream(truth.plane)))
        yield chroma_to_rgb(truth.luma, chroma_from_codes(codes, FULL_RANGE), FULL_RANGE.matrix)


def judge_posterior(output: ColorOutput, true_ab: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """Give each output pixel's confidence in its likeliest bin, and whether that is the true one.

    Args:
        output: Of one frame, B = T = 1.
        true_ab: (2, H, W); averaged over the pixels of the output.
        weights: Whose output it is.
    """
    logits = output.logits[0, 0].cpu()
    probabilities = calibrated_posterior(logits, weights.log_weights, temperature=weights.decoding.calibration)
    target = F.adaptive_avg_pool2d(true_ab, logits.shape[-2:])
    return top_bin(probabilities, encode_soft(target[None], neighbours=1)[0][0, 0])


def _decodings(default: Decoding, vividness: Sequence[Vividness], *, has_bins: bool) -> dict[Vividness, Decoding]:
    if not has_bins:
        return {None: default}  # nothing to choose from
    special = {None: default, HONEST: replace(default, vividness=0.0, temperature=1.0)}
    return {value: special[value] if value in special else replace(default, vividness=value) for value in vividness}


def _planes(truths: Sequence[TruthFrame], condition: Condition, seed: str) -> list[np.ndarray]:
    if condition.degrade is None:
        return [truth.plane for truth in truths]
    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    clip = torch.stack([truth.rgb for truth in truths])[None]
    luma = condition.degrade(clip, matrix=FULL_RANGE.matrix, generator=generator)[0, :, 0]
    return list((luma * 255).round().byte().numpy())


def _all_hinted(truth: TruthFrame, seen: Tensor) -> Tensor:
    ab = F.interpolate(truth.lab[None, 1:], seen.shape[-2:], mode="area")[0]
    return torch.cat([ab, torch.ones_like(ab[:1])])
