"""Measure how far carried hints are to be trusted: how much of a carried mask is on the thing, frames after its hint.

python -m benchmarks.hint_trust data=/my/validation/clips [scene=300] [only=davis-cows,cctv-nofi001]

A clip's first outline of `benchmarks.hints` is carried to its last frame, and its last one backwards to the first; the
rendered walker's coat is compared in every tenth frame. After that come, for half-lives of trust, the mean of what is
claimed and the mean square by which it misses (Brier), over the clips, and with the scenes: each weighs alike.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.hints import OUTLINES, lumas_of, outline, walker_scene
from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hints.carrying import Carrier, working_luma, working_shape

HALVES = (30, 60, 90, 150, 250, 500, float("inf"))
_MARGIN = 3  # pixels


class Sample(NamedTuple):
    """So many frames from the hint: pixels of luma that are laid, and those of them that are on the thing."""

    age: int
    laid: int
    right: int

    def __str__(self) -> str:
        return f"{self.age}: {self.right / self.laid:.2f}" if self.laid else f"{self.age}: -"

    def claimed(self, half: float) -> tuple[float, float]:
        """Add up over pixels what is claimed of them, and the squares by which that misses."""
        trust = 0.5 ** (self.age / half)
        return self.laid * trust, self.right * (1 - trust) ** 2 + (self.laid - self.right) * trust**2


def carried(lumas: Sequence[np.ndarray], first: np.ndarray) -> Iterator[np.ndarray]:
    """Carry a mask, (H, W) bool, from the first frame through the others: where it is in each of them."""
    shape, carrier = lumas[0].shape, Carrier()
    working = [working_luma(luma, ChromaCoding("bt709")) for luma in lumas]
    carrier.add(working[0], np.zeros((2, *shape), np.float32), first)
    scale = tuple(small / large for small, large in zip(working_shape(shape), shape, strict=True))
    for luma in working[1:]:
        carrier.step(luma)
        pasted = [one.stamp.window.paste(one.stamp.mask, shape, scale) for one in carrier.carried]
        yield np.max(pasted, axis=0) > 0.5


def sample(age: int, mask: np.ndarray, truth: np.ndarray) -> Sample:
    """Compare a mask with the thing; an outline, drawn inside its thing, may be exceeded by `_MARGIN`."""
    grown = cv2.dilate(truth.astype(np.uint8), np.ones((2 * _MARGIN + 1,) * 2)) > 0
    return Sample(age, int(mask.sum()), int((mask & grown).sum()))


def clip_samples(path: Path, ends: tuple[str, str]) -> Iterator[Sample]:
    """Carry both of a clip's outlines to its other end."""
    lumas = list(lumas_of(path))
    first, last = (outline(points, lumas[0].shape) for points in ends)
    for ordered, hinted, truth in ((lumas, first, last), (lumas[::-1], last, first)):
        *_, mask = carried(ordered, hinted)
        yield sample(len(lumas) - 1, mask, truth)


def scene_samples(frames: int, *, pace: float, pillar: int = 0) -> Iterator[Sample]:
    """Carry the walker's coat; every tenth frame."""
    lumas, masks = walker_scene(frames, pace=pace, pillar=pillar)
    for age, (mask, truth) in enumerate(zip(carried(lumas, masks[0]), masks[1:], strict=True), start=1):
        if age % 10 == 0:
            yield sample(age, mask, truth)


def report(groups: dict[str, list[Sample]]) -> None:
    """Print what is on the thing, and by how much each half-life misses it; every group weighs alike."""
    laid = [samples for samples in groups.values() if any(one.laid for one in samples)]
    right = np.mean([sum(one.right for one in samples) / sum(one.laid for one in samples) for samples in laid])
    print(f"{len(laid)} of {len(groups)} laid anything; of that on it: {right:.2f}")
    for half in HALVES:
        found = [[one.claimed(half) for one in samples] for samples in laid]
        totals = [np.sum(parts, axis=0) / sum(one.laid for one in of) for parts, of in zip(found, laid, strict=True)]
        claim, miss = np.mean(totals, axis=0)
        print(f"halves every {half} frames: claims {claim:.2f}, Brier {miss:.3f}")


def measured(only: Sequence[str], data: Path, frames: int) -> Iterator[tuple[str, Iterator[Sample]]]:
    """Carry what is to be carried: names, and samples of each."""
    for name in only:
        yield name, clip_samples(data / f"{name}.mp4", OUTLINES[name])
    if frames:
        yield "walker", scene_samples(frames, pace=1.0)
        yield "walker behind a pillar", scene_samples(130, pace=2.5, pillar=133)


def main() -> None:
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    only = given["only"].split(",") if "only" in given else list(OUTLINES)
    groups: dict[str, list[Sample]] = {}
    for name, samples in measured(only, Path(given["data"]), int(given.get("scene", 300))):
        groups[name] = list(samples)
        print(f"{name}:", *groups[name], flush=True)
    report({name: groups[name] for name in only})
    report(groups)


if __name__ == "__main__":
    main()
