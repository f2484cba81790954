"""Measures of steadiness over time: along motion, over histograms, where the picture is still, over a long loop.

A grey video passes all of them, so every number belongs beside those of grey, of the truth, and the colourfulness.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.metrics.image import ab_distance

_SMALLEST = 12  # pixels a side, or OpenCV's DIS has nothing to search


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a frame was in the frame before.

    Attributes:
        flow: (2, H, W) float32, in pixels, x first: pixel p was at p + flow(p).
        visible: (H, W) bool, whether that place was in the picture and not hidden.
    """

    flow: Tensor
    visible: Tensor


def estimate_motion(before: np.ndarray, after: np.ndarray) -> Motion:
    """Estimate motion with OpenCV's DIS (medium preset), which gives the same on any number of threads.

    Take it from the grey input, once a clip: motion estimated on the coloured results flatters them. For
    visibility see `visibility`, with the constants that Lai et al. 2018 use too.

    Args:
        before: (H, W) uint8, grey.
        after: The same shape, a later frame.

    Raises:
        ValueError: If the pictures are not uint8, differ in shape or have a side under 12 pixels.
    """
    for name, grey in (("before", before), ("after", after)):
        if grey.dtype != np.uint8 or grey.ndim != 2 or grey.shape != after.shape or min(grey.shape) < _SMALLEST:
            raise ValueError(
                f"{name} must be an (H, W) uint8 picture of at least {_SMALLEST} pixels a side, "
                f"as large as the other; got {grey.dtype} {grey.shape}"
            )
    flow, forward = _dis(after, before), _dis(before, after)
    return Motion(flow, visibility(flow, forward))


def _dis(source: np.ndarray, target: np.ndarray) -> Tensor:
    source, target = np.ascontiguousarray(source), np.ascontiguousarray(target)
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(source, target, None)
    return torch.from_numpy(flow).permute(2, 0, 1).contiguous()


def visibility(flow: Tensor, forward: Tensor) -> Tensor:
    """Tell which pixels of a frame could be seen in the one before (Ruder, Dosovitskiy and Brox 2016, eq. 5 and 6).

    Not visible is where going back and then forth ends elsewhere, where the motion changes abruptly, and, which the
    paper leaves open, what came from outside the picture.

    Args:
        flow: (2, H, W), back from the frame to the one before, in pixels, x first.
        forward: The same, from the one before to the frame.

    Returns:
        (H, W) bool.
    """
    back_again = warp(forward[None], flow[None])[0]
    length = flow.square().sum(0)
    hidden = (flow + back_again).square().sum(0) > 0.01 * (length + back_again.square().sum(0)) + 0.5
    boundary = _squared_gradient(flow) > 0.01 * length + 0.002
    x, y = _places(flow)
    inside = (x >= 0) & (x <= flow.shape[2] - 1) & (y >= 0) & (y <= flow.shape[1] - 1)
    return inside & ~hidden & ~boundary


def _squared_gradient(flow: Tensor) -> Tensor:
    """Sum the squared forward differences of both components in both directions: (2, H, W) gives (H, W)."""
    along_x = F.pad(flow.diff(dim=2), (0, 1))
    along_y = F.pad(flow.diff(dim=1), (0, 0, 0, 1))
    return (along_x.square() + along_y.square()).sum(0)


def _places(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Give p + flow(p) as x and y, each (H, W) in pixels."""
    _, height, width = flow.shape
    x, y = torch.arange(width, device=flow.device), torch.arange(height, device=flow.device)
    return x + flow[0], y[:, None] + flow[1]


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """Sample picture, (N, C, H, W), bilinearly at p + flow(p), (N, 2, H, W) in pixels, x first; the border repeats."""
    # Not cv2.remap, which rounds places to 1/32 pixel.
    height, width = picture.shape[2:]
    y, x = (torch.arange(length, device=flow.device) for length in (height, width))
    grid = torch.stack([(2 * (x + flow[:, 0]) + 1) / width - 1, (2 * (y[:, None] + flow[:, 1]) + 1) / height - 1], -1)
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=False)


def warp_error(before: Tensor, after: Tensor, motion: Motion) -> tuple[float, float]:
    """Compare a frame with the one before carried along the motion (Lai et al. 2018).

    Args:
        before: (C, H, W): RGB in [0, 1], or ab in ab units.
        after: The same shape.
        motion: From the grey input at the same height and width.

    Returns:
        The sum over visible pixels of the squared difference, averaged over the channels, and the number of these
        pixels. The paper divides for each pair of frames and averages over pairs, then clips; a pair whose number is 0
        has no error and is left out.

    Raises:
        ValueError: If the shapes do not fit each other.
    """
    if before.shape != after.shape or after.shape[1:] != motion.visible.shape:
        raise ValueError(
            f"before {tuple(before.shape)} and after {tuple(after.shape)} must be (C, H, W) of one size, "
            f"that of the motion {tuple(motion.visible.shape)}"
        )
    carried = warp(before.float()[None], motion.flow.to(before.device)[None])[0]
    squares = (after.float() - carried).square().mean(0)[motion.visible.to(after.device)]
    return float(squares.double().sum()), float(squares.numel())


def chroma_flicker(
    ab_before: Tensor,
    ab_after: Tensor,
    lightness_before: Tensor,
    lightness_after: Tensor,
    *,
    still: float = 1.0,
    margin: int = 1,
) -> tuple[float, float]:
    """Measure how much ab changes between two frames where lightness does not.

    Args:
        ab_before: (2, H, W), in ab units.
        ab_after: The same shape.
        lightness_before: (1, H, W), L* in 0..100, of the clean footage: on a noisy input little would count as still.
        lightness_after: The same shape.
        still: A pixel is still where L* changes by less than this.
        margin: Pixels by which what is not still grows before it is left out; 0 for none.

    Returns:
        The sum over the still pixels of the Euclidean change of ab, and their number; add both up, then divide.

    Raises:
        ValueError: If the shapes do not fit each other.
    """
    same = ab_before.shape == ab_after.shape and lightness_before.shape == lightness_after.shape
    if not same or ab_after.shape[0] != 2 or lightness_after.shape != (1, *ab_after.shape[1:]):
        raise ValueError(
            f"ab {tuple(ab_before.shape)}, {tuple(ab_after.shape)} must be (2, H, W) and lightness "
            f"{tuple(lightness_before.shape)}, {tuple(lightness_after.shape)} (1, H, W) of one size"
        )
    moved = ((lightness_after.float() - lightness_before.float()).abs() >= still).float()
    counted = F.max_pool2d(moved, 2 * margin + 1, stride=1, padding=margin)[0] == 0
    changes = ab_distance(ab_after, ab_before)[counted]
    return float(changes.double().sum()), float(changes.numel())


class Drift:
    """How far colours wander over a looped scene: each later frame's mean ab distance to the same picture once settled.

    Only `period` frames are kept, so a thousand frames of any size fit.
    """

    def __init__(self, *, settled: int = 30, period: int = 1) -> None:
        """Set where the comparison starts.

        Args:
            settled: Number of the first frame that is compared with, counted from 0; what is before is warming up.
            period: Frames in one turn of the loop; 1 for a scene that is one still picture.

        Raises:
            ValueError: If one of them is out of range.
        """
        if settled < 0 or period < 1:
            raise ValueError(f"settled={settled} must be at least 0 and period={period} at least 1")
        self._settled, self._period = settled, period
        self._references: list[Tensor] = []
        self._frames = 0
        self.distances: list[float] = []
        """Mean ab distance of each frame compared so far, to plot."""

    def add(self, ab: Tensor) -> None:
        """Take the next frame, (2, H, W) in ab units."""
        number = self._frames - self._settled
        self._frames += 1
        if 0 <= number < self._period:
            self._references.append(ab.detach().float().clone())
        elif number >= self._period:
            reference = self._references[number % self._period]
            self.distances.append(float(ab_distance(ab, reference).double().mean()))

    def mean(self) -> float:
        """Return the mean over all frames compared, in ab units.

        Raises:
            ValueError: If no frame came after the ones to compare with.
        """
        if not self.distances:
            needed = self._settled + self._period
            raise ValueError(f"drift needs more than settled + period = {needed} frames; got {self._frames}")
        return sum(self.distances) / len(self.distances)
