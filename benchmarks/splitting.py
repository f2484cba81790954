"""Judge how a segment of a video could begin without the first pass of `inference.split`.

python -m benchmarks.splitting data=/my/validation/clips [clips=*] [frames=60] [join=45]

The network colours a clip from its first frame on, and once more from a join on, after some of the frames before it.
Mean ab distance between the two, at the network's output, at the join. Clips with a cut are left out.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from temporal_colorize.inference.chroma_stream import coding_of
from temporal_colorize.inference.planes import see
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights, load_weights
from temporal_colorize.video import Frame, VideoReader

_ALONE = SessionOptions(infrared="off")


def seen(path: Path, weights: Weights, most: int) -> list[Tensor]:
    """Return the L*, (1, H, W), that the network sees of a clip's first frames."""
    with VideoReader(path) as reader:
        size = Session(weights, _ALONE).network_size(reader.info.height, reader.info.width)
        lumas = (item.luma for item in reader if isinstance(item, Frame))
        return [see(luma, size, coding_of(reader.info)) for luma, _ in zip(lumas, range(most), strict=False)]


def starts(join: int) -> dict[str, list[int]]:
    """Name ways to begin at a join: the frames that the network sees before."""
    ways = {"nothing": []}
    for overlap in (8, 24, 48):
        ways[f"{overlap} frames"] = list(range(join - overlap, join))
    for first, overlap in ((1, 8), (8, 8), (8, 24), (8, 48)):
        ways[f"first {first}, then {overlap} frames"] = [*range(first), *range(join - overlap, join)]
    for step in (4, 12):
        ways[f"each {step}th from the first on, then 8 frames"] = [*range(0, join - 8, step), *range(join - 8, join)]
    return {name: frames for name, frames in ways.items() if not frames or min(frames[1:]) > 0}


def color(frames: Sequence[Tensor], weights: Weights, *, cuts: bool) -> tuple[list[Tensor], int]:
    """Colour frames in turn: the ab of each, and how many cuts there were."""
    session = Session(weights, _ALONE if cuts else SessionOptions(infrared="off", cut_threshold=1e3))
    return [session.color(lightness) for lightness in frames], session.cuts


def judge_starts(data: Path, *, clips: str, frames: int, join: int) -> None:
    """Print a row for each group of clips and each way to begin."""
    weights, rows = load_weights("convlstm"), defaultdict(list)
    for path in sorted(data.glob(f"{clips}.mp4")):
        clip = seen(path, weights, frames)
        whole, cuts = color(clip, weights, cuts=True)
        if cuts or len(clip) <= join:
            continue
        for name, before in starts(join).items():
            begun, _ = color([clip[number] for number in (*before, join)], weights, cuts=False)
            rows[path.stem.partition("-")[0], name].append(float((begun[-1] - whole[join]).norm(dim=0).mean()))
    print("| clips | of them | before the join | ab distance, mean | worst |\n|---|---|---|---|---|")
    for (group, name), far in rows.items():
        print(f"| {group} | {len(far)} | {name} | {np.mean(far):.2f} | {max(far):.2f} |")


def main(arguments: list[str]) -> None:
    """Read what to judge."""
    given = dict(argument.split("=", 1) for argument in arguments)
    numbers = {"frames": int(given.get("frames", 60)), "join": int(given.get("join", 45))}
    judge_starts(Path(given["data"]), clips=given.get("clips", "*"), **numbers)


if __name__ == "__main__":
    main(sys.argv[1:])
