"""Weights against a truth, beside leaving it grey and beside the truth itself."""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.bins import encode_soft, load_prior, rebalancing_weights
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.pictures import DataError, FilePictures
from temporal_colorize.inference.picture import colorize_plane
from temporal_colorize.inference.session import Session
from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr

Colorize = Callable[[np.ndarray], Tensor]
"""Takes a luma plane, (H, W) uint8 of full range, gives RGB, (3, H, W) in [0, 1]."""

_UNIFORM = 0.02  # mixed into the prior for the balanced AuC, or a bin never seen would outweigh all others


@dataclass(frozen=True)
class Scene:
    """Consecutive frames of one truth, and the group that it is averaged in.

    Attributes:
        group: "stills", or the name of a kind of clip.
        name: Where it comes from.
        load: Reads the frames, each (H, W, 3) uint8 RGB.
    """

    group: str
    name: str
    load: Callable[[], Sequence[np.ndarray]]


def find_scenes(*, root: str, pictures: str, videos: str, most_frames: int, every: int) -> list[Scene]:
    """Find what to evaluate on.

    Args:
        root: Folder of the validation data.
        pictures: Glob below root for pictures and tars of pictures; each picture is a scene of the group "stills".
        videos: Glob below root for MP4 and MKV clips; their group is what their name has before the first "-".
        most_frames: Frames of a clip at most.
        every: Take every n-th picture only.

    Raises:
        DataError: If nothing is found.
    """
    folder = Path(root)
    stills = FilePictures(sorted(path for path in folder.glob(pictures) if path.is_file()))
    clips = VideoClips(sorted(path for path in folder.glob(videos) if path.suffix.lower() in VideoClips.SUFFIXES))
    if not len(stills) and not len(clips):
        raise DataError(f"data.root={root} holds no picture ({pictures}) and no clip ({videos})")
    scenes = [
        Scene("stills", stills.names[number], lambda number=number: [stills[number]])
        for number in range(0, len(stills), every)
    ]
    for number, file in enumerate(clips.files):
        load = functools.partial(clips.frames, number, most=most_frames)
        scenes.append(Scene(f"{file.stem.split('-')[0]} clips", file.name, load))
    return scenes


def rec601_luma(rgb: np.ndarray) -> np.ndarray:
    """Give the Rec. 601 luma, (H, W) uint8, of (H, W, 3) uint8 RGB, as `infer.py` reads it from a picture."""
    import cv2

    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def grey(plane: np.ndarray) -> Tensor:
    """Leave it grey: the row that every result is held against."""
    return torch.from_numpy(plane).float().div(255).expand(3, -1, -1)


def session_colorizer(session: Session) -> Colorize:
    """Colour successive frames with one session."""
    return lambda plane: colorize_plane(plane, session).permute(2, 0, 1)


class Tally:
    """Scores over all pixels of a group of frames, added up frame by frame."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)

    def add(self, rgb: Tensor, truth: Tensor) -> None:
        """Count one frame against its truth, both (3, H, W) in [0, 1]."""
        ab, true_ab = rgb_to_lab(rgb)[1:], rgb_to_lab(truth)[1:]
        distance = ab_distance(ab, true_ab).double()
        weights = _balance()[encode_soft(true_ab[None], neighbours=1)[0][0, 0]]
        sums = {
            "frames": 1,
            "pixels": distance.numel(),
            "distance": distance.sum(),
            "squared distance": distance.square().sum(),
            "squared rgb": (rgb.double() - truth.double()).square().mean() * distance.numel(),
            "accuracy": accuracy(distance).sum(),
            "balanced accuracy": (accuracy(distance) * weights).sum(),
            "weights": weights.sum(),
            "colourfulness": colorfulness(rgb),
        }
        for name, value in sums.items():
            self._sums[name] += float(value)

    def scores(self) -> dict[str, float]:
        """Return the measures; ab in ab units, AuC in 0..100, PSNR in dB."""
        of = self._sums
        return {
            "ab error": of["distance"] / of["pixels"],
            "ab RMSE": (of["squared distance"] / of["pixels"]) ** 0.5,
            "AuC": of["accuracy"] / of["pixels"],
            "balanced AuC": of["balanced accuracy"] / of["weights"],
            "PSNR": psnr(of["squared rgb"] / of["pixels"]),
            "colourfulness": of["colourfulness"] / of["frames"],
        }


@functools.cache
def _balance() -> Tensor:
    return rebalancing_weights(load_prior(), uniform=_UNIFORM).double()


@dataclass(frozen=True)
class Evaluation:
    """Scores by group and row, and pictures to look at.

    Attributes:
        scores: {group: {row: {measure: value over all pixels of the group}}}.
        sheet: One strip a scene, (3, H, W) in [0, 1]: every row's first frame side by side, the truth last.
    """

    scores: dict[str, dict[str, dict[str, float]]]
    sheet: list[Tensor]

    def markdown(self) -> str:
        """Write one table a group."""
        lines = []
        for group, rows in self.scores.items():
            measures = list(next(iter(rows.values())))
            lines += ["", f"### {group}", "", "| | " + " | ".join(measures) + " |", "|---" * (len(measures) + 1) + "|"]
            for row, values in rows.items():
                lines.append(f"| {row} | " + " | ".join(f"{values[measure]:.2f}" for measure in measures) + " |")
        return "\n".join(lines) + "\n"

    def contact_sheet(self) -> np.ndarray:
        """Put the strips below each other, each 128 pixels high: (H, W, 3) uint8 RGB."""
        import cv2

        rows = []
        for strip in self.sheet:
            picture = (strip.permute(1, 2, 0) * 255).round().byte().numpy()
            size = picture.shape[1] * 128 // picture.shape[0], 128
            rows.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        width = max(row.shape[1] for row in rows)
        return np.concatenate([np.pad(row, ((0, 2), (0, width - row.shape[1]), (0, 0))) for row in rows])


def evaluate(scenes: Sequence[Scene], rows: Mapping[str, Callable[[], Colorize]], *, sheet: int = 24) -> Evaluation:
    """Colour every scene by every row and score it against the truth.

    Args:
        scenes: The truths.
        rows: Name to a function that makes a fresh colorizer, called once a scene.
        sheet: How many strips the contact sheet has at most, the scenes evenly taken.
    """
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    strips = []
    shown = max(1, -(-len(scenes) // sheet))
    for number, scene in enumerate(scenes):
        frames = scene.load()
        truths = [torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float() / 255 for frame in frames]
        lumas = [rec601_luma(frame) for frame in frames]
        first = []
        for row, make in rows.items():
            colorize = make()
            results = [colorize(luma) for luma in lumas]
            _count(tallies[scene.group][row], results, truths)
            first.append(results[0])
        _count(tallies[scene.group]["truth"], truths, truths)
        if number % shown == 0:
            strips.append(torch.cat([*first, truths[0]], dim=-1))
    scores = {group: {row: tally.scores() for row, tally in rows.items()} for group, rows in tallies.items()}
    return Evaluation(scores, strips)


def _count(tally: Tally, results: Iterable[Tensor], truths: Iterable[Tensor]) -> None:
    for result, truth in zip(results, truths, strict=True):
        tally.add(result, truth)
