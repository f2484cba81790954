"""A coloured picture, for whoever wants to see it rather than have it in a file."""

import functools
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import ChromaCoding, chroma_from_codes, chroma_to_rgb, luma_from_code
from temporal_colorize.inference.planes import enlarge, shrink
from temporal_colorize.inference.turn import UNTURNED, Turn
from temporal_colorize.video.live import Clock


@dataclass(frozen=True, eq=False)
class ColoredFrame:
    """A coloured picture of a video or a camera; RGB is only made when it is asked for.

    Attributes:
        time: When it is shown, in seconds: of a file its own, of a camera since the start.
        number: How many came before it.
        cuts: Scene cuts up to and with it.
        total: How many there will be; None if nobody knows.
        planes: Luma, Cb and Cr as they are stored: (H, W) and twice (h, w) codes.
        coding: What those codes mean.
        turn: How they are turned when shown.
        taken: Of a camera's, when it was taken, in UTC; None of a file's.
        taken_by: By whose clock: "camera" where it has told its time, "arrival" for ours when the picture came.
        certainty: How sure the colours are as they were laid, (h, w) in 0..1; None if nobody asked.
    """

    time: float
    number: int
    cuts: int
    planes: tuple[np.ndarray, np.ndarray, np.ndarray] = field(repr=False)
    coding: ChromaCoding = field(repr=False)
    turn: Turn = field(default=UNTURNED, repr=False)
    certainty: Tensor | None = field(default=None, repr=False)
    total: int | None = None
    taken: datetime | None = None
    taken_by: Clock | None = None

    @functools.cached_property
    def rgb(self) -> np.ndarray:
        """The picture in colour as it is shown, (H, W, 3) uint8."""
        return self._shown(self.planes)

    @functools.cached_property
    def grey(self) -> np.ndarray:
        """The same without colour, (H, W, 3) uint8."""
        return self._shown((self.planes[0], None, None))

    @functools.cached_property
    def confidence(self) -> np.ndarray | None:
        """How sure each pixel's colour is, (H, W) float32 in 0..1; None if nobody asked. See docs/confidence.md."""
        if self.certainty is None:
            return None
        return self.turn.shown(enlarge(self.certainty.numpy(), self.planes[0].shape))

    def smaller(self, longest: int) -> "ColoredFrame":
        """Return it with at most so many pixels on its longer side, which is cheap before RGB is made."""
        height, width = self.planes[0].shape
        scale = min(1.0, longest / max(height, width))
        size = max(1, round(height * scale)), max(1, round(width * scale))
        planes = tuple(shrink(plane, *size) for plane in self.planes)
        return replace(self, planes=planes)

    def _shown(self, planes: tuple[np.ndarray, np.ndarray | None, np.ndarray | None]) -> np.ndarray:
        luma = luma_from_code(torch.from_numpy(np.array(planes[0]))[None], self.coding)  # torch wants its own
        if planes[1] is None:
            rgb = luma.expand(3, -1, -1)
        else:
            codes = np.stack([enlarge(plane, planes[0].shape) for plane in planes[1:]])
            rgb = chroma_to_rgb(luma, chroma_from_codes(torch.from_numpy(codes), self.coding), self.coding.matrix)
        return self.turn.shown((rgb.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())
