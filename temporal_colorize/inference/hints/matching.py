"""Says which pixels of a canvas belong to a region, by what they look like: the nearest of those that are known.

Labels go from known pictures to a new one by the likeness of small surroundings, in luma alone, as in video object
segmentation without training (Vondrick et al. 2018). The region's surroundings are as well known as the region itself,
and that is what keeps it from spreading.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.inference.hints.window import CANVAS

CELLS = 32  # a side of the canvas, each with a feature
_NEAREST = 6  # of which labels are averaged,
_SOFTNESS = 4.0  # those that are so much farther, in squares of distance, by 1/e
_UNIT = 20.0  # codes of luma that are 1 in a feature
_STEP = CANVAS // CELLS
_MARGIN = 16
_NEAR = 9  # cells a side of the square around a cell of the mask's in which it may go on


class Known(NamedTuple):
    """A picture whose labels are known.

    Attributes:
        features: (CELLS ** 2, D).
        labels: (CELLS ** 2,), the region's share of each cell.
        reach: Cells by which a thing may well have moved since.
        doubt: Added to the squares of distance.
    """

    features: Tensor
    labels: Tensor
    reach: float
    doubt: float


def features(canvas: np.ndarray) -> Tensor:
    """Describe each cell of a canvas by its surroundings, near ones and blurred farther ones, and its gradients."""
    import cv2

    near, far = (cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), sigma) for sigma in (1.5, 4.0))
    planes = [plane for step in (-4, 0, 4) for plane in _row(near, step, 4)]
    planes += [0.7 * plane for step in (-12, 0, 12) for plane in _row(far, step, 12)]
    gradients = [cv2.Sobel(near, cv2.CV_32F, *order) for order in ((1, 0), (0, 1))]
    for plane in (*gradients, *map(np.abs, gradients)):
        planes.append(_at_cells(cv2.GaussianBlur(plane, (0, 0), 2.0), 0, 0) * 0.75)
    return torch.from_numpy(np.stack(planes).reshape(len(planes), -1).T / _UNIT).contiguous()


def cells(mask: np.ndarray) -> Tensor:
    """Average a mask on the canvas over cells, flat."""
    import cv2

    return torch.from_numpy(cv2.resize(mask, (CELLS, CELLS), interpolation=cv2.INTER_AREA).ravel())


def around(mask: np.ndarray) -> Tensor:
    """Choose the cells near a mask on the canvas, flat; all of none."""
    import cv2

    near = cv2.dilate(cv2.resize(mask, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.ones((_NEAR, _NEAR))) > 0.1
    return torch.from_numpy(near.ravel() | (not near.any()))


def match(found: Tensor, known: list[Known], asked: Tensor) -> np.ndarray:
    """Label cells by the nearest known ones: shares in 0..1, (CELLS, CELLS); 0 where none is asked for.

    Args:
        found: `features` of this picture.
        known: Where to look.
        asked: (CELLS ** 2,) bool.
    """
    found, places = found[asked], _places()[asked]
    lengths = found.square().sum(1, keepdim=True)
    distances, labels = [], []
    for picture in known:
        apart = torch.addmm(picture.features.square().sum(1), found, picture.features.T, alpha=-2)
        apart.add_(lengths).add_(places, alpha=picture.reach**-2)
        nearest, at = apart.topk(_NEAREST, largest=False)
        distances.append(nearest + picture.doubt)
        labels.append(picture.labels[at])
    nearest, at = torch.cat(distances, 1).topk(_NEAREST, largest=False)
    weights = torch.exp((nearest[:, :1] - nearest) / _SOFTNESS)
    share = torch.zeros(CELLS**2)
    share[asked] = (weights * torch.cat(labels, 1).gather(1, at)).sum(1) / weights.sum(1)
    return share.reshape(CELLS, CELLS).numpy()


@cache
def _places() -> Tensor:
    """Squares of distance between cells, in cells."""
    rows, columns = torch.meshgrid(torch.arange(CELLS), torch.arange(CELLS), indexing="ij")
    places = torch.stack((rows, columns), -1).reshape(-1, 2).float()
    return torch.cdist(places, places).square_()


def _row(plane: np.ndarray, down: int, step: int) -> list[np.ndarray]:
    return [_at_cells(plane, down, across) for across in (-step, 0, step)]


def _at_cells(plane: np.ndarray, down: int, across: int) -> np.ndarray:
    """Read a plane off at the cells' middles, shifted."""
    import cv2

    padded = cv2.copyMakeBorder(plane, *[_MARGIN] * 4, cv2.BORDER_REPLICATE)
    first = _MARGIN + _STEP // 2
    return padded[first + down :: _STEP, first + across :: _STEP][:CELLS, :CELLS]
