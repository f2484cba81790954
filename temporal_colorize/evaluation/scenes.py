"""What weights are measured on: stills and clips in colour, and what of them is computed once for all rows."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.bins import encode_soft, load_prior, rebalancing_weights
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.pictures import DataError, FilePictures
from temporal_colorize.metrics.regions import uniform_regions
from temporal_colorize.metrics.temporal import Motion, estimate_motion

STILLS = "stills"
# The prior of the first training set, frozen: balanced scores stay comparable whatever is trained on later.
_PRIOR = Path(__file__).parent / "ab_prior_2026.csv"
_UNIFORM = 0.02  # mixed into it, or a bin never seen would outweigh all others


@dataclass(frozen=True)
class Scene:
    """Consecutive frames of one truth.

    Attributes:
        groups: What its scores count for: "stills" or a kind of clip, and further groups by name.
        name: Where it comes from.
        load: Reads the frames, each (H, W, 3) uint8 RGB.
    """

    groups: tuple[str, ...]
    name: str
    load: Callable[[], Sequence[np.ndarray]]

    @property
    def is_clip(self) -> bool:
        return STILLS not in self.groups


def find_scenes(
    *, root: str, pictures: str, videos: str, groups: Mapping[str, str], most_frames: int, every: int
) -> list[Scene]:
    """Find what to evaluate on.

    Args:
        root: Folder of the validation data.
        pictures: Glob below root for pictures and tars of pictures; each picture is a scene of the group "stills".
        videos: Glob below root for MP4 and MKV clips; their group is what their name has before the first "-".
        groups: Further groups, each of the scenes whose name matches a glob.
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

    def grouped(first: str, name: str) -> tuple[str, ...]:
        return (first, *(group for group, pattern in groups.items() if fnmatch(name, pattern)))

    scenes = [
        Scene(grouped(STILLS, stills.names[number]), stills.names[number], functools.partial(_still, stills, number))
        for number in range(0, len(stills), every)
    ]
    for number, file in enumerate(clips.files):
        load = functools.partial(clips.frames, number, most=most_frames)
        scenes.append(Scene(grouped(f"{file.stem.split('-')[0]} clips", file.name), file.name, load))
    return scenes


def _still(pictures: FilePictures, number: int) -> list[np.ndarray]:
    return [pictures[number]]


@dataclass(frozen=True)
class TruthFrame:
    """A frame in its true colours.

    Attributes:
        plane: (H, W) uint8, Rec. 601 luma, as `infer.py` reads it from a picture.
        rgb: (3, H, W) in [0, 1].
        lab: (3, H, W).
        weights: (H, W) float64, inverse to how common each pixel's true bin is.
        regions: (H, W), see `metrics.regions.uniform_regions`.
        motion: From the frame before; None in the first.
    """

    plane: np.ndarray
    rgb: Tensor
    lab: Tensor
    weights: Tensor
    regions: Tensor
    motion: Motion | None

    @property
    def luma(self) -> Tensor:
        """(1, H, W), Y' in 0..1."""
        return torch.from_numpy(self.plane)[None].float() / 255


def read_truth(scene: Scene) -> list[TruthFrame]:
    """Read a scene and compute what does not depend on any result; motion is taken from luma alone."""
    truths: list[TruthFrame] = []
    for frame in scene.load():
        plane = rec601_luma(frame)
        rgb = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float() / 255
        lab = rgb_to_lab(rgb)
        weights = _balance()[encode_soft(lab[None, 1:], neighbours=1)[0][0, 0]]
        motion = estimate_motion(truths[-1].plane, plane) if truths else None
        truths.append(TruthFrame(plane, rgb, lab, weights, uniform_regions(lab[1:]), motion))
    return truths


def rec601_luma(rgb: np.ndarray) -> np.ndarray:
    """Give the Rec. 601 luma, (H, W) uint8, of (H, W, 3) uint8 RGB."""
    import cv2

    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@functools.cache
def _balance() -> Tensor:
    return rebalancing_weights(load_prior(_PRIOR), uniform=_UNIFORM).double()
