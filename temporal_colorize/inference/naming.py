"""What colour a thing has, in a word: names of its pixels, over the frames that show it, pooled to one answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import calibrated_posterior
from temporal_colorize.color.names import term_posterior
from temporal_colorize.inference.box import Box
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.options import require_number

_FLOOR = 1e-4  # of a probability: nothing is impossible


@dataclass(frozen=True, kw_only=True)
class NamingOptions:
    """How pixels are pooled to one answer.

    Attributes:
        arithmetic: Exponent of the pixels' mean, which tells what most of them are, and
        geometric: of their geometric mean, which tells what all of them can be. Pixels of one thing are far from
            independent, so both are below 1; fitted by `evaluate.py naming.fit=true`.
        difference: Root mean square of L* by which a thing may look different in another frame; where it does by more
            it is not followed further.
        reach: How far it may move from frame to frame, as a share of the picture's shorter side.

    Raises:
        ValueError: If a value is out of its range.
    """

    arithmetic: float
    geometric: float
    difference: float
    reach: float

    def __post_init__(self) -> None:
        require_number("naming.arithmetic", self.arithmetic, least=0, most=20)
        require_number("naming.geometric", self.geometric, least=0, most=20)
        require_number("naming.difference", self.difference, least=0, most=100)
        require_number("naming.reach", self.reach, least=0, most=1)


class PixelNames(NamedTuple):
    """What is believed of a frame, at the network's output resolution, on the CPU.

    Attributes:
        bins: (313, h, w), probabilities.
        terms: (11, h, w), how probable each of `TERMS` is.
        lightness: (1, h, w), L* in 0..100 of the grey of the same luma.
    """

    bins: Tensor
    terms: Tensor
    lightness: Tensor


@torch.inference_mode()
def name_pixels(output: ColorOutput, seen: Tensor, log_weights: Tensor, *, calibration: float) -> PixelNames:
    """Name the pixels of one frame.

    Args:
        output: Of one frame, B = T = 1, from a network with bins.
        seen: (1, H, W), the L* that the network saw.
        log_weights: Those of its weights, and so is
        calibration: this; see `Decoding`.
    """
    logits = output.logits[0, 0].cpu()
    bins = calibrated_posterior(logits, log_weights.cpu(), temperature=calibration)
    lightness = F.interpolate(seen[None], logits.shape[-2:], mode="area")[0]
    return PixelNames(bins, term_posterior(bins, lightness), lightness)


def follow(seen: Sequence[Tensor], number: int, box: Box, options: NamingOptions) -> list[Box | None]:
    """Find in each frame what a box shows in one of them, by its luma, forwards and backwards.

    Args:
        seen: The frames in order, (1, H, W) each, L* in 0..100.
        number: Of the frame in which
        box: the thing is here.
        options: See `NamingOptions`.

    Returns:
        Where it is, frame by frame; None from where on it is not found.
    """
    planes = [np.ascontiguousarray(plane[0].numpy()) for plane in seen]
    later = list(_chase(planes[number:], box, options))
    earlier = list(_chase(planes[number::-1], box, options))
    return [*reversed(earlier[1:]), *later]


def _chase(planes: Sequence[np.ndarray], box: Box, options: NamingOptions) -> Iterator[Box | None]:
    height, width = planes[0].shape
    rows, columns = box.slices(height, width)
    template, place = planes[0][rows, columns], (rows.start, columns.start)
    reach = round(options.reach * min(height, width))
    found: tuple[int, int] | None = place
    for plane in planes:
        found = found and _look_around(plane, template, found, reach, options.difference)
        yield found and _moved(box, (found[0] - place[0]) / height, (found[1] - place[1]) / width)


def _moved(box: Box, down: float, right: float) -> Box:
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down)


def _look_around(
    plane: np.ndarray, template: np.ndarray, place: tuple[int, int], reach: int, difference: float
) -> tuple[int, int] | None:
    """Find the template near a place, which is taken where nothing is clearly better: a plain wall does not wander."""
    import cv2

    top, left = (max(0, start - reach) for start in place)
    bottom, right = (start + reach + length for start, length in zip(place, template.shape, strict=True))
    area = plane[top:bottom, left:right]
    squares = cv2.matchTemplate(area, template, cv2.TM_SQDIFF).clip(min=0) / template.size
    stays = squares[place[0] - top, place[1] - left]
    best = np.unravel_index(squares.argmin(), squares.shape)
    least = squares[best]
    if least > difference**2:
        return None
    return place if stays <= 1.5 * least + 1 else (int(best[0]) + top, int(best[1]) + left)


class Pooled(NamedTuple):
    """What is believed of a thing's pixels: logarithms, (..., 11), of their arithmetic and their geometric mean."""

    arithmetic: Tensor
    geometric: Tensor

    def settle(self, options: NamingOptions) -> Tensor:
        """Give the probabilities of the thing's one name, (..., 11), summing to 1."""
        return torch.softmax(options.arithmetic * self.arithmetic + options.geometric * self.geometric, dim=-1)


def pool(maps: Sequence[Tensor], boxes: Sequence[Box | None]) -> Pooled:
    """Average what is believed of the names over a thing's pixels, each frame counting the same.

    Args:
        maps: The terms of every frame's pixels, (11, h, w).
        boxes: Where the thing is in it, or None.
    """
    return pool_pixels(
        [
            frame[:, *box.slices(*frame.shape[-2:])].flatten(1)
            for frame, box in zip(maps, boxes, strict=True)
            if box is not None
        ]
    )


def pool_pixels(parts: Sequence[Tensor]) -> Pooled:
    """Average what is believed of a thing's pixels, (11, n) of each frame, each frame counting the same."""
    mean, log = (torch.stack([how(part).mean(1) for part in parts]).mean(0) for how in (torch.Tensor.float, _safe_log))
    return Pooled(_safe_log(mean), log)


def claim(probabilities: Tensor, share: float) -> Tensor:
    """Keep a share of what is believed of names, (..., 11), and give the rest to all of them alike."""
    return share * probabilities + (1 - share) / probabilities.shape[-1]


def _safe_log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp(min=_FLOOR).log()
