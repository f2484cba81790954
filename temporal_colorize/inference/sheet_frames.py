"""Which frames a contact sheet shows of a video whose length nobody knows: a bounded number, taken as it goes by."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.inference.canvas import fitted_size
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.inference.planes import shrink
from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.video import VideoInfo

ROWS = 8  # frames spread over the video that a sheet shows, and as many after cuts
LONGEST = 320  # pixels of a small picture
_MOST = 2 * ROWS  # that are held; then every second one is let go
_CARRIED = ("_step", "_cuts", "_sure", "_spread", "_after_cuts")


class SmallFrame(NamedTuple):
    """A frame as it is shown, small.

    Attributes:
        number: From 0.
        time: Seconds; None of a picture.
        after_cut: Whether a scene begins with it.
        luma: (h, w) uint8, 0 black to 255 white.
        rgb: (h, w, 3) uint8.
        confidence: (h', w') in 0..1; None if nobody asked for maps.
    """

    number: int
    time: float | None
    after_cut: bool
    luma: np.ndarray
    rgb: np.ndarray
    confidence: Tensor | None = None


class SheetFrames:
    """Takes every so manieth frame, half as many each time there are too many, and the first after each of few cuts.

    Most frames cost nothing but a mean of their confidence: of n, about 8 log2(n) are made small.

    Args:
        info: The video's.
        maps: Whether maps of confidence are kept.
    """

    def __init__(self, info: VideoInfo, *, maps: bool) -> None:
        self._maps = maps
        wide = info.width * float(info.sample_aspect_ratio or 1)
        self._size = fitted_size((info.height, wide), LONGEST)
        self._step, self._cuts = 1, 0
        self._spread: tuple[SmallFrame, ...] = ()
        self._after_cuts: tuple[SmallFrame, ...] = ()
        self._sure = 0.0, 0  # sum and number of the frames' means
        self._of: Tensor | None = None
        self._mean = 0.0  # of that

    @property
    def confidence(self) -> float | None:
        """Mean over all frames and all that the network sees of them; None if the session does not say."""
        total, count = self._sure
        return total / count if count else None

    def add(self, frame: ColoredFrame) -> None:
        """Take the next frame."""
        after_cut, self._cuts = frame.cuts > self._cuts, frame.cuts
        if frame.certainty is not None:
            self._add_mean(frame.certainty)
        spread, few = frame.number % self._step == 0, after_cut and len(self._after_cuts) < ROWS
        if not spread and not few:
            return
        small = self._small(frame, after_cut=after_cut)
        self._after_cuts += (small,) * few
        self._spread += (small,) * spread
        if len(self._spread) == _MOST:
            self._spread, self._step = self._spread[::2], 2 * self._step

    def chosen(self) -> list[SmallFrame]:
        """List those to be shown, in order: at most `ROWS`, evenly spread, and the first after each of as many cuts."""
        places = np.linspace(0, len(self._spread) - 1, min(ROWS, len(self._spread))).round().astype(int)
        after_cuts = self._after_cuts if self._cuts <= ROWS else ()
        chosen = {small.number: small for small in (*(self._spread[place] for place in places), *after_cuts)}
        return [chosen[number] for number in sorted(chosen)]

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return nest("sheet", take(self, _CARRIED))

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot that has that of frames like these in it."""
        give_back(self, _CARRIED, unnest("sheet", snapshot))
        self._spread, self._after_cuts = (
            tuple(SmallFrame(*small) for small in kept) for kept in (self._spread, self._after_cuts)
        )

    def _add_mean(self, confidence: Tensor) -> None:
        if confidence is not self._of:  # most frames of a still scene show the one before them
            self._of, self._mean = confidence, float(confidence.mean())
        self._sure = self._sure[0] + self._mean, self._sure[1] + 1

    def _small(self, frame: ColoredFrame, *, after_cut: bool) -> SmallFrame:
        small = replace(frame, planes=tuple(shrink(plane, *self._size) for plane in frame.planes))
        sure = None
        if self._maps:
            sure = torch.from_numpy(frame.turn.shown(frame.certainty.numpy()).copy())  # torch takes no turned view
        return SmallFrame(frame.number, float(frame.time), after_cut, small.grey[..., 0], small.rgb, sure)


def small_picture(luma: np.ndarray, rgb: np.ndarray, confidence: Tensor | None) -> SmallFrame:
    """Make a picture small that is no video's: luma, (H, W), and RGB, (H, W, 3), of any integers' full range."""
    import cv2

    size = fitted_size(luma.shape, LONGEST)
    small = (cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA) for picture in (luma, rgb))
    luma, rgb = (_codes(picture / np.float32(np.iinfo(picture.dtype).max)) for picture in small)
    return SmallFrame(0, None, False, luma, rgb, confidence)


def _codes(picture: np.ndarray) -> np.ndarray:
    return (picture * 255).round().astype(np.uint8)
