"""What weights are measured on: stills and clips in colour, and what of them is computed once for all rows."""

import functools
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.bins import encode_soft, load_prior, rebalancing_weights
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.data.manifest import MANIFEST
from temporal_colorize.data.pictures import DataError, FilePictures
from temporal_colorize.data.splits import find_splits
from temporal_colorize.metrics.regions import uniform_regions
from temporal_colorize.metrics.temporal import Motion, estimate_motion
from temporal_colorize.options import require_one_of

STILLS = "stills"
# The prior of the first training set, frozen: balanced scores stay comparable whatever is trained on later.
_PRIOR = Path(__file__).parent / "ab_prior_2026.csv"
_UNIFORM = 0.02  # mixed into it, or a bin never seen would outweigh all others


class Scene(NamedTuple):
    """Consecutive frames of one truth.

    Attributes:
        groups: What its scores count for: "stills" or a kind of clip, and further groups by name.
        name: Where it comes from.
        load: Reads the frames, each (H, W, 3) uint8 RGB.
    """

    groups: tuple[str, ...]
    name: str
    load: Callable[[], Sequence[np.ndarray]]


def find_scenes(
    *, root: str, pictures: str, videos: str, groups: Mapping[str, str] | None, every: int, split: str | None = None
) -> list[Scene]:
    """Find what to evaluate on.

    Args:
        root: Folder of the validation data.
        pictures: Glob below root for pictures and tars of pictures; each picture is a scene of the group "stills".
        videos: Glob below root for MP4 and MKV clips; their group is what their name has before the first "-".
        groups: Further groups, each of the scenes whose name matches a glob; None for none.
        every: Take every n-th picture only.
        split: "tuning" for that split of a prepared folder, whatever the globs; None for what they match.

    Raises:
        ValueError: If there is no such split.
        DataError: If nothing is found, or nothing for one of the groups.
    """
    folder, groups = Path(root), groups or {}
    require_one_of("data.split", split, (None, "tuning"))
    if split is not None:
        if not (folder / MANIFEST).is_file():
            raise DataError(f"data.split={split} needs a folder with a {MANIFEST}, and data.root={root} has none")
        stills, clips = find_splits(folder, {}, held_out_percent=0).tuning
    else:
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
        load = functools.partial(clips.frames, number)
        scenes.append(Scene(grouped(f"{file.stem.split('-')[0]} clips", file.name), file.name, load))
    for group, pattern in groups.items():
        if not any(group in scene.groups for scene in scenes):
            raise DataError(f"data.groups.{group}={pattern} matches no scene; names are like {scenes[0].name}")
    return scenes


def _still(pictures: FilePictures, number: int) -> list[np.ndarray]:
    return [pictures[number]]


class TruthFrame:
    """A frame in its true colours, and what follows from them, each computed when it is first asked for.

    Args:
        frame: (H, W, 3) uint8 RGB.
        before: The frame before, for the motion; None for the first.

    Attributes:
        plane: (H, W) uint8, Rec. 601 luma, as `infer.py` reads it from a picture.
        rgb: (3, H, W) in [0, 1].
    """

    def __init__(self, frame: np.ndarray, before: "TruthFrame | None") -> None:
        self.plane = rec601_luma(frame)
        self.rgb = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float() / 255
        self._plane_before = before.plane if before is not None else None

    @functools.cached_property
    def luma(self) -> Tensor:
        """(1, H, W), Y' in 0..1."""
        return torch.from_numpy(self.plane)[None].float() / 255

    @functools.cached_property
    def lab(self) -> Tensor:
        """(3, H, W)."""
        return rgb_to_lab(self.rgb)

    @functools.cached_property
    def weights(self) -> Tensor:
        """(H, W) float64, inverse to how common each pixel's true bin is."""
        return balance()[encode_soft(self.lab[None, 1:], neighbours=1)[0][0, 0]]

    @functools.cached_property
    def regions(self) -> Tensor:
        """(H, W), see `metrics.regions.uniform_regions`."""
        return uniform_regions(self.lab[1:])

    @functools.cached_property
    def motion(self) -> Motion | None:
        """From the frame before, of luma alone; None in the first."""
        return None if self._plane_before is None else estimate_motion(self._plane_before, self.plane)


def read_truth(scene: Scene) -> list[TruthFrame]:
    """Read a scene's frames."""
    truths: list[TruthFrame] = []
    for frame in scene.load():
        truths.append(TruthFrame(frame, truths[-1] if truths else None))
    return truths


def rec601_luma(rgb: np.ndarray) -> np.ndarray:
    """Give the Rec. 601 luma, (H, W) uint8, of (H, W, 3) uint8 RGB."""
    import cv2

    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


@functools.cache
def balance() -> Tensor:
    """Return the weights of the balanced scores, (313,) float64: the inverse of the frozen prior, expectation 1."""
    return rebalancing_weights(load_prior(_PRIOR), uniform=_UNIFORM).double()
