"""What of a scene there is to look at: moments of it in time order, in grey, coloured and true, with their errors."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from torch import Tensor

from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.evaluation.scenes import TruthFrame
from temporal_colorize.inference.canvas import fitted_size
from temporal_colorize.metrics.image import ab_distance

_LONGEST = 512  # pixels of a picture


class Moment(NamedTuple):
    """One of the frames that were judged.

    Attributes:
        number: From 1, of those that were judged.
        pictures: By row, grey first, the truth last, each (H, W, 3) uint8 RGB, small.
        errors: Likewise the mean ab distance to the truth, of the frame at its own size.
    """

    number: int
    pictures: dict[str, np.ndarray]
    errors: dict[str, float]


class ShownScene(NamedTuple):
    """A scene to look at.

    Attributes:
        name: The scene's.
        frames: How many were judged; 1 of a still.
        compared: The rows that every moment has; the first frame has all.
        moments: In time order.
    """

    name: str
    frames: int
    compared: list[str]
    moments: list[Moment]

    def when(self, moment: Moment) -> str:
        """Say which of the frames a moment is."""
        return f"frame {moment.number} of {self.frames}"


def show_scene(
    name: str,
    rows: Mapping[str, Sequence[Tensor]],
    truths: Sequence[TruthFrame],
    *,
    most: int,
    compared: Collection[str],
) -> ShownScene:
    """Take moments of a scene, evenly from the first frame to the last.

    Args:
        name: The scene's.
        rows: By name, each a frame's (3, H, W) RGB in [0, 1] for each of the truths.
        truths: In time order.
        most: Moments, at most.
        compared: The rows that are kept after the first moment.
    """
    places = dict.fromkeys(np.linspace(0, len(truths) - 1, most).round().astype(int).tolist())
    moments = [
        _moment(place, {row: frames[place] for row, frames in rows.items() if not place or row in compared}, truths)
        for place in places
    ]
    return ShownScene(name, len(truths), [row for row in rows if row in compared], moments)


def _moment(place: int, rows: Mapping[str, Tensor], truths: Sequence[TruthFrame]) -> Moment:
    true_ab = truths[place].lab[1:]
    errors = {row: float(ab_distance(rgb_to_lab(rgb)[1:], true_ab).mean()) for row, rgb in rows.items()}
    return Moment(place + 1, {row: _small(rgb) for row, rgb in rows.items()}, errors)


def _small(rgb: Tensor) -> np.ndarray:
    picture = (rgb.permute(1, 2, 0) * 255).round().byte().numpy()
    height, width = fitted_size(picture.shape[:2], min(_LONGEST, max(picture.shape)))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
