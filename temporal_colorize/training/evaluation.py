"""Weights against a truth, beside leaving it grey and beside the truth itself."""

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
from temporal_colorize.metrics.image import ab_distance, accuracy_auc, colorfulness, psnr

Colorize = Callable[[np.ndarray], Tensor]
"""Takes a luma plane, (H, W) uint8 of full range, gives RGB, (3, H, W) in [0, 1]."""


@dataclass(frozen=True)
class Scene:
    """Consecutive frames of one truth, and the group that it is averaged in.

    Attributes:
        group: "stills", or the name of a kind of clip.
        name: Where it comes from.
        frames: Each (H, W, 3) uint8 RGB.
    """

    group: str
    name: str
    frames: Sequence[np.ndarray]


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


def score(rgb: Tensor, truth: Tensor) -> dict[str, float]:
    """Measure one frame against its truth, both (3, H, W) in [0, 1]."""
    ab, true_ab = rgb_to_lab(rgb)[1:], rgb_to_lab(truth)[1:]
    distance = ab_distance(ab, true_ab)
    nearest_bin = encode_soft(true_ab[None], neighbours=1)[0][0, 0]
    return {
        "ab error": float(distance.mean()),
        "ab RMSE": float(distance.square().mean().sqrt()),
        "AuC": accuracy_auc(distance),
        "balanced AuC": accuracy_auc(distance, _balance()[nearest_bin]),
        "PSNR": psnr(rgb, truth),
        "colourfulness": colorfulness(rgb),
    }


def _balance() -> Tensor:
    return rebalancing_weights(load_prior(), uniform=0.02)


@dataclass(frozen=True)
class Evaluation:
    """Scores by group and row, and pictures to look at.

    Attributes:
        scores: {group: {row: {measure: mean over the group's scenes}}}.
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

        pictures = [(strip.permute(1, 2, 0) * 255).round().byte().numpy() for strip in self.sheet]
        rows = [
            cv2.resize(row, (row.shape[1] * 128 // row.shape[0], 128), interpolation=cv2.INTER_AREA) for row in pictures
        ]
        width = max(row.shape[1] for row in rows)
        return np.concatenate([np.pad(row, ((0, 2), (0, width - row.shape[1]), (0, 0))) for row in rows])


def evaluate(scenes: Iterable[Scene], rows: Mapping[str, Callable[[], Colorize]], *, sheet: int = 24) -> Evaluation:
    """Colour every scene by every row and score it against the truth.

    Args:
        scenes: The truths.
        rows: Name to a function that makes a fresh colorizer, called once a scene.
        sheet: How many strips the contact sheet has at most, the scenes evenly taken.
    """
    collected: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    strips = []
    for scene in scenes:
        truths = [torch.from_numpy(frame).permute(2, 0, 1).float() / 255 for frame in scene.frames]
        first_frames = []
        for row, make in rows.items():
            colorize = make()
            results = [colorize(rec601_luma(frame)) for frame in scene.frames]
            scores = [score(result, truth) for result, truth in zip(results, truths, strict=True)]
            collected[scene.group][row].append(_mean(scores))
            first_frames.append(results[0])
        collected[scene.group]["truth"].append(_mean([score(truth, truth) for truth in truths]))
        strips.append(torch.cat([*first_frames, truths[0]], dim=-1))
    scores = {group: {row: _mean(each) for row, each in rows.items()} for group, rows in collected.items()}
    return Evaluation(scores, strips[:: max(1, -(-len(strips) // sheet))])


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
    stills = FilePictures(sorted(folder.glob(pictures)))
    clips = VideoClips(sorted(path for path in folder.glob(videos) if path.suffix.lower() in VideoClips.SUFFIXES))
    if not len(stills) and not len(clips):
        raise DataError(f"data.root={root} holds no picture ({pictures}) and no clip ({videos})")
    scenes = [Scene("stills", stills.names[n], [stills[n]]) for n in range(0, len(stills), every)]
    for number, file in enumerate(clips.files):
        group = file.name.split("-")[0] + " clips"
        scenes.append(Scene(group, file.name, list(clips.frames(number, most=most_frames))))
    return scenes


def _mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in scores])) for name in scores[0]}
