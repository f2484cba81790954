"""What is known of a frame's colours beside the network, and who says so."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.chroma import ChromaCoding
from temporal_colorize.inference.hearing import NOTHING, Heard
from temporal_colorize.inference.snapshot import Snapshot
from temporal_colorize.inference.turn import UNTURNED, Turn

_LEAST_COVER = 0.25  # of a pixel that the network sees, from which on it is told a hint's colour


class Colours(NamedTuple):
    """Colours, (2, h, w) float32, and how much of a pixel they decide, (h, w) float32 in 0..1."""

    ab: np.ndarray
    mask: np.ndarray

    def over(self, below: "Colours") -> "Colours":
        """Lay them over others."""
        mask = self.mask + (1 - self.mask) * below.mask
        share = self.mask / np.maximum(mask, 1e-6)
        return Colours((below.ab + share * (self.ab - below.ab)).astype(np.float32), mask)


class Guidance(NamedTuple):
    """Known colours of one frame, at chroma resolution.

    Attributes:
        ab: (2, h, w) float32; without meaning where the mask is 0.
        mask: (h, w) float32 in 0..1, how much of a pixel's colour they decide; 1 gives it back as it is.
        fresh: Whether they are new, so that the network must look at this frame.
        told: Those of which the network hears, if it looks.
        confined: Those of which it hears, too, but for their places alone: what it would make of them around is left
            out.
        trust: How likely they are to be right where they hold, in 0..1: (h, w) float32, or one number for all.
    """

    ab: np.ndarray
    mask: np.ndarray
    fresh: bool = False
    told: Colours | None = None
    confined: Colours | None = None
    trust: np.ndarray | float = 1.0

    @property
    def colours(self) -> Colours:
        """All of them."""
        return Colours(self.ab, self.mask)


class View(NamedTuple):
    """What a stream looks like to its guide.

    Attributes:
        shape: (height, width) of luma.
        chroma_shape: Of chroma, and of guidance.
        seen: Of what the network sees.
        coding: How luma is written.
        cut_threshold: See `CutDetector`.
        turn: How pictures are shown, which is how people mean places in them.
    """

    shape: tuple[int, int]
    chroma_shape: tuple[int, int]
    seen: tuple[int, int]
    coding: ChromaCoding
    cut_threshold: float
    turn: Turn = UNTURNED


class Guide(Protocol):
    """Knows colours of some frames of one stream; every frame is shown to it once, in order.

    Attributes:
        given: What it was given, a line each, for the record.
        notes: What of it has not been used, a line each.
        looks_ahead: Whether `look_ahead` must be called after `begin`, before the first frame.
    """

    given: list[str]
    notes: list[str]
    looks_ahead: bool

    def settings(self) -> dict[str, object]:
        """Name what its guidance depends on, files by digest; JSON can hold it."""
        ...

    def begin(self, view: View) -> None:
        """Get ready for a stream.

        Raises:
            ValueError: If what it knows does not fit pictures of that size.
        """
        ...

    def look_ahead(self, frames: Iterable[tuple[np.ndarray, float]], folder: Path) -> None:
        """Take luma codes and seconds of all frames, in order, which will come once more; a folder keeps files on the
        way.
        """
        ...

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        """Take the next frame: luma codes, (H, W), those that the network sees, and seconds.

        None if nothing is known of it.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a guide like this one."""
        ...


def sure_with(guidance: Guidance, confidence: Tensor) -> Tensor:
    """Mix confidence, (h, w), with how far known colours are trusted, as far as they decide a pixel's colour."""
    planes = torch.from_numpy(np.stack((guidance.mask, guidance.mask * guidance.trust)).astype(np.float32))
    share, trusted = F.interpolate(planes[None], confidence.shape, mode="area")[0]
    return confidence * (1 - share) + trusted


def shares(known: Colours | None, size: tuple[int, int]) -> np.ndarray:
    """Average colours over the pixels that the network sees: a and b times the mask, and the mask, (3, *size)."""
    import cv2

    if known is None:
        return np.zeros((3, *size), np.float32)
    planes = *(plane * known.mask for plane in known.ab), known.mask
    return np.stack([cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in planes])


def heard(known: Guidance | None, size: tuple[int, int]) -> Heard:
    """Turn what is known of a frame into what a network hears that sees pictures of that size."""
    if known is None:
        return NOTHING
    told, confined = (
        None if colours is None else network_hints(shares(colours, size)) for colours in (known.told, known.confined)
    )
    return Heard(told, confined)


def network_hints(shares: np.ndarray) -> Tensor:
    """Turn `shares` into the network's hints: a, b and a 0/1 mask, (3, H, W)."""
    ab, cover = shares[:2], shares[2:]
    known = (cover >= _LEAST_COVER).astype(np.float32)
    return torch.from_numpy(np.concatenate((ab / np.maximum(cover, _LEAST_COVER) * known, known)))
