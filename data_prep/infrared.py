"""Train the detector of near-infrared footage: colour pictures made infrared against the same ones, grey and degraded.

python -m data_prep.infrared OUTPUT.json --pictures TARS... --clips MP4S... [--count 260] [--false-alarms 0.02]

Half of the sources, by name, is held out: it says how well the other half's weights do, and the bias is set so that
at most `--false-alarms` of its clips that are not infrared, of surveillance as they should be, score above 0.
"""

import json
import zlib
from collections.abc import Container, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from data_prep.command import Parser, guarded, replacing
from temporal_colorize import cli
from temporal_colorize.color.chroma import lightness_from_luma
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.pictures import FilePictures
from temporal_colorize.inference.infrared import FEATURES, features

_SIDE = 128  # pixels of the shorter side
_FILES_OFF = ["degrade.h264_crf=null", "degrade.jpeg_quality=null"]  # a detector should not know files by their codec
_KINDS: dict[str, tuple[bool, list[str]]] = {  # by name: whether it is infrared, and how it is made
    "infrared": (True, [
        "degrade=infrared", *_FILES_OFF, "degrade.infrared=[0.5,1]", "degrade.lamp_peak=[1.2,2.5]",
        "degrade.peak_electrons=[100,1500]", "degrade.read_noise=[0.002,0.02]", "degrade.gain=[0.7,1.2]",
        "degrade.blur_sigma=[0.3,1.2]", "degrade.vignette=[0,6]",
    ]),
    "clean": (False, ["degrade=none"]),
    "degraded": (False, ["degrade=training", *_FILES_OFF, "degrade.infrared=null", "degrade.lamp=null"]),
}  # fmt: skip
_RIDGE, _STEPS = 1.0, 30  # of the regression


def fit(table: np.ndarray, infrared: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Fit a logistic regression in which both classes weigh the same, by Newton's method.

    Args:
        table: (pictures, features).
        infrared: (pictures,) bool.

    Returns:
        Mean and deviation of the features, their weights in deviations, and the bias.
    """
    mean, deviation = table.mean(0), table.std(0) + 1e-9
    terms = np.c_[(table - mean) / deviation, np.ones(len(table))]
    weight = np.where(infrared, 0.5 / infrared.mean(), 0.5 / (1 - infrared.mean()))
    ridge = np.diag([_RIDGE] * table.shape[1] + [0.0])
    found = np.zeros(terms.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-terms @ found))
        gradient = terms.T @ (weight * (infrared - chance)) - ridge @ found
        curvature = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + ridge
        found = found + np.linalg.solve(curvature, gradient)
    return mean, deviation, found[:-1], float(found[-1])


def colour_pictures(tars: list[Path], clips: list[Path], count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield names and pictures, (H, W, 3) uint8: `count` of the tars and the first frame of every clip."""
    pictures, videos = FilePictures(sorted(tars)), VideoClips(sorted(clips))
    for number in np.random.default_rng(0).permutation(len(pictures))[:count]:
        yield pictures.names[number], pictures[int(number)]
    for number, file in enumerate(videos.files):
        yield file.stem, videos.frames(number, most=1)[0]


def measure(pictures: Iterator[tuple[str, np.ndarray]]) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Measure every picture in every kind: names and features."""
    makers = {kind: cli.build(cli.compose("train", options).degrade) for kind, (_, options) in _KINDS.items()}
    found: dict[str, list[tuple[str, np.ndarray]]] = {kind: [] for kind in _KINDS}
    for seed, (name, rgb) in enumerate(pictures):
        scale = _SIDE / min(rgb.shape[:2])
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        clip = torch.from_numpy(small).permute(2, 0, 1)[None, None].float() / 255
        for kind, make in makers.items():
            luma = make(clip, matrix="bt601", generator=torch.Generator().manual_seed(seed))
            found[kind].append((name, features(lightness_from_luma(luma)[0, 0, 0].numpy())))
    return found


def train(
    found: dict[str, list[tuple[str, np.ndarray]]], false_alarms: float, *, clips: Container[str]
) -> dict[str, object]:
    """Train on one half of the sources; set the bias on the `clips` of the other, by name, and say how it does."""
    rows = [(zlib.crc32(name.encode()) % 2 == 1, _KINDS[kind][0], *row) for kind in found for name, *row in found[kind]]
    held, infrared = (np.array([row[part] for row in rows]) for part in (0, 1))
    table = np.stack([row[2] for row in rows])
    judged = held & np.array([name in clips for kind in found for name, *_ in found[kind]])
    if not (judged & ~infrared).any() or held.all():
        raise ValueError("--clips: halves are made of the names, and one of them has none: give more clips")
    mean, deviation, weights, bias = fit(table[~held], infrared[~held])
    scores = (table - mean) / deviation @ weights + bias
    bias -= (limit := float(np.quantile(scores[judged & ~infrared], 1 - false_alarms)))
    shares = {"found": scores[judged & infrared] > limit, "false alarms": scores[judged & ~infrared] > limit}
    numbers = np.stack((mean, deviation, weights), 1).round(5).tolist()
    names = ("name", "mean", "deviation", "weight")
    return {
        "held out": {name: round(float(share.mean()), 4) for name, share in shares.items()} | {"of": int(judged.sum())},
        "bias": round(bias, 5),
        "features": [dict(zip(names, (name, *row), strict=True)) for name, row in zip(FEATURES, numbers, strict=True)],
    }


def main() -> None:
    parser = Parser(prog="python -m data_prep.infrared", description="Train the detector of infrared footage.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="*", default=[])
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=260)
    parser.add_argument("--false-alarms", type=float, default=0.02)
    arguments = parser.parse_args()

    def run() -> None:
        pictures = colour_pictures(arguments.pictures, arguments.clips, arguments.count)
        model = train(measure(pictures), arguments.false_alarms, clips={path.stem for path in arguments.clips})
        with replacing(arguments.output) as part:
            part.write_text(json.dumps(model, indent=1) + "\n")
        print(f"{arguments.output}: {model['held out']}")

    guarded(parser, run)


if __name__ == "__main__":
    main()
