"""Judge how long a network holds on to what it first made of a scene: its error beside that of a fresh look.

python -m benchmarks.holding data=/my/validation/clips [weights=convlstm] [frames=8,24,40,48]

A clip goes through a session from its first frame on; at some frames another session looks at that frame alone. Mean ab
distance to the truth at the network's output, for what is carried, for the fresh look, and for grey; and how alike the
two are (correlation of a and b). Clips count by what their name has before the first "-".
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from temporal_colorize.data.clips import VideoClips
from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.planes import see, shrink
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights, load_weights


class Judged(NamedTuple):
    """Of one frame: mean ab distances, and the correlation of what is carried with a fresh look."""

    carried: float
    fresh: float
    grey: float
    alike: float


def judge(clip: list[np.ndarray], weights: Weights, frames: list[int]) -> dict[int, Judged]:
    """Colour a clip, (H, W, 3) uint8 RGB frames, and judge those of its frames that are named and that it has."""
    session, found = Session(weights, SessionOptions(infrared="off")), {}
    size = session.network_size(*clip[0].shape[:2])
    for number, rgb in enumerate(clip[: max(frames) + 1]):
        seen = see(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size)
        carried = session.color(seen)
        if number in frames:
            fresh = Session(weights, SessionOptions(infrared="off")).color(seen)
            true = torch.from_numpy(
                np.stack([shrink(p, *carried.shape[1:]) for p in ab_of_rgb(rgb).transpose(2, 0, 1)])
            )
            far = [float((ab - true).norm(dim=0).mean()) for ab in (carried, fresh, torch.zeros_like(true))]
            alike = np.corrcoef(carried.flatten().numpy(), fresh.flatten().numpy())[0, 1]
            found[number] = Judged(*far, float(alike))
    return found


def main(arguments: list[str]) -> None:
    """Print a row for each group of clips and frame."""
    given = dict(argument.split("=", 1) for argument in arguments)
    frames = [int(number) for number in given.get("frames", "8,24,40,48").split(",")]
    weights = load_weights(given.get("weights", "convlstm"))
    clips = VideoClips(sorted(path for path in Path(given["data"]).glob("*") if path.suffix in VideoClips.SUFFIXES))
    rows: dict[tuple[str, int], list[Judged]] = defaultdict(list)
    for number, file in enumerate(clips.files):
        for frame, judged in judge(list(clips.frames(number, most=max(frames) + 1)), weights, frames).items():
            rows[Path(file).stem.partition("-")[0], frame].append(judged)
    print("| clips | frame | of them | carried | fresh | grey | alike |")
    print("|---|---|---|---|---|---|---|")
    for (group, frame), judged in sorted(rows.items()):
        means = " | ".join(f"{value:.2f}" for value in np.mean(judged, axis=0))
        print(f"| {group} | {frame} | {len(judged)} | {means} |")


if __name__ == "__main__":
    main(sys.argv[1:])
