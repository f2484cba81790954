"""Judge the luma-guided upsampling against bilinear: ab error near luma edges, from true colours made small.

python -m benchmarks.edges data.root=/my/validation [data.every=10] [size=192] [frames=3]

The true ab of every frame is averaged down to what a network gives (a quarter of what it sees) and brought back to the
frame's size, so that only the upsampling is judged. An edge is where Canny (100, 200) finds one in luma.
"""

import sys
from collections import defaultdict

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from temporal_colorize import cli
from temporal_colorize.evaluation.scenes import TruthFrame, find_scenes
from temporal_colorize.inference.planes import ab_at, see

_NEAR = 4  # pixels
_STRIDE = 32


def errors(truth: TruthFrame, size: int) -> dict[str, tuple[float, float]]:
    """Mean ab distance of a frame by way of upsampling: within `_NEAR` pixels of luma edges, and everywhere."""
    height, width = truth.plane.shape
    scale = size / min(height, width)
    seen = see(truth.plane, tuple(max(1, round(n * scale / _STRIDE)) * _STRIDE for n in (height, width)))
    small = F.interpolate(truth.lab[None, 1:], [n // 4 for n in seen.shape[-2:]], mode="area")[0]
    ways = {
        "bilinear": F.interpolate(small[None], (height, width), mode="bilinear")[0],
        "guided": ab_at(truth.luma, small, seen),
    }
    edges = cv2.Canny(truth.plane, 100, 200)
    near = torch.from_numpy(cv2.dilate(edges, np.ones((2 * _NEAR + 1, 2 * _NEAR + 1), np.uint8)) > 0)
    distance = {way: (ab - truth.lab[1:]).norm(dim=0) for way, ab in ways.items()}
    return {way: (float(far[near].mean()), float(far.mean())) for way, far in distance.items()} if near.any() else {}


def main() -> None:
    own = {"size": 192, "frames": 3}
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    size, frames = (int(given.pop(name, value)) for name, value in own.items())
    config = cli.compose("evaluate", [f"{name}={value}" for name, value in given.items()])
    sums: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for scene in find_scenes(**config.data):
        for frame in list(scene.load())[:: max(1, len(scene.load()) // frames)][:frames]:
            for way, error in errors(TruthFrame(frame, None), size).items():
                sums[scene.groups[0]][way].append(error)
    print("| | frames | bilinear, near edges | guided, near edges | bilinear, everywhere | guided, everywhere |")
    print("|---|---|---|---|---|---|")
    for group, ways in sums.items():
        near, everywhere = zip(*(np.mean(ways[way], axis=0) for way in ("bilinear", "guided")), strict=True)
        cells = [f"{value:.2f}" for value in (*near, *everywhere)]
        print("| " + " | ".join([group, str(len(ways["guided"])), *cells]) + " |")


if __name__ == "__main__":
    main()
