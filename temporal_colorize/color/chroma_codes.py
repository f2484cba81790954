"""The last step, for every pixel of a video on a CPU: from luma, a and b to the Cb and Cr codes of its stream."""

import functools
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from temporal_colorize.color.chroma import (
    ChromaCoding,
    ab_to_chroma,
    chroma_to_codes,
    lightness_table,
    luma_from_code,
)
from temporal_colorize.color.constant_luma import red_and_blue
from temporal_colorize.color.standards import AB_LIMIT, luma_weights

_CODES = 256
_NODES = 127  # of a, and of b; 256 times as many rows are just below what OpenCV's remap can address
_PER_AB = (_NODES - 1) / (2 * AB_LIMIT)
_UP_TO_BLACK, _DOWN_TO_WHITE = np.float32(-1e-6), np.float32(1e-6)  # distance of luma, beyond which no colour fits
_BACKGROUND = ThreadPoolExecutor(1, "atlas")
_DEEP_BLUE = (AB_LIMIT - 90.0) * _PER_AB  # for b below, the toe of the sRGB curve lies between nodes


class ChromaCoder:
    """Turns a line of colours through each pixel, ab = offset + slope * L*, into Cb and Cr at that pixel's luma.

    Such lines are what `inference.upsample` enlarges. In 8 bits R' - Y' and B' - Y', which are smooth, are looked up
    over (Y', a, b), and what is out of the RGB cube is pulled to its face afterwards, pixel by pixel. Computed instead,
    four times as slowly, are deeper streams and the deepest blues (b below -90), where the table is too coarse. Either
    is within one code of `chroma.ab_to_chroma_exact`. The table takes a second, and is made in the background: what
    else must be opened can be, before the first call.

    Args:
        coding: Of the stream.
    """

    def __init__(self, coding: ChromaCoding) -> None:
        self.coding = coding
        self._atlas = _atlas(coding) if coding.bit_depth == 8 else None
        self._lightness = lightness_table(coding)
        black, white = coding.luma_bounds
        self._luma_of = 1 / (white - black), -black / (white - black)  # times the code, and added
        kr, kg, kb = luma_weights(coding.matrix)
        lowest, highest = coding.chroma_bounds
        self._green = -kr / kg, -kb / kg
        self._scale = 0.5 * (highest - lowest) / (1 - kb), 0.5 * (highest - lowest) / (1 - kr)

    @staticmethod
    def steps(offset: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Express offset and slope, any shape, in the table's steps; enlarging commutes with that, so do it before."""
        return ((offset + AB_LIMIT) * _PER_AB).astype(np.float32), (slope * _PER_AB).astype(np.float32)

    def __call__(self, luma: np.ndarray, offset: np.ndarray, slope: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> None:
        """Compute the codes; fastest for pieces, as of 128x128 pixels, whose buffers stay in a core's cache.

        Args:
            luma: (H, W) codes, uint8, or uint16 above 8 bits.
            offset: (2, H, W) float32, of a and b in `steps`.
            slope: (2, H, W) float32, likewise.
            cb: Like luma, where Cb goes, and
            cr: where Cr goes.
        """
        import cv2

        lightness = cv2.LUT(luma, self._lightness) if self._atlas is not None else self._lightness[luma]
        a, b = (cv2.add(cv2.multiply(slope[i], lightness), offset[i]) for i in (0, 1))
        if self._atlas is None or b.min() < _DEEP_BLUE:
            self._compute(luma, a, b, (cb, cr))
            return
        np.clip(a, 0, _NODES - 1, out=a)  # beyond lies the next code's part of the table
        codes = luma.astype(np.float32)
        found = cv2.remap(
            self._atlas.result(), b, cv2.scaleAdd(codes, _NODES, a), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        red, blue = (np.ascontiguousarray(found[..., i]) for i in (0, 1))
        beyond = self._beyond(codes, red, blue)
        for difference, scale, plane in zip((blue, red), self._scale, (cb, cr), strict=True):
            cv2.divide(difference, beyond, dst=difference, scale=scale)
            cv2.convertScaleAbs(difference, dst=plane, beta=self.coding.chroma_centre)  # rounds; none is negative

    def _beyond(self, codes: np.ndarray, red: np.ndarray, blue: np.ndarray) -> np.ndarray:
        """How many times as far from grey a colour lies as the face of the RGB cube, and at least 1."""
        import cv2

        green = cv2.addWeighted(red, self._green[0], blue, self._green[1], 0)
        highest = cv2.max(cv2.max(red, blue), green)
        lowest = cv2.min(cv2.min(red, blue), green)
        per_code, offset = self._luma_of
        to_black = np.minimum(cv2.addWeighted(codes, -per_code, codes, 0, -offset), _UP_TO_BLACK)
        to_white = np.maximum(cv2.addWeighted(codes, -per_code, codes, 0, 1 - offset), _DOWN_TO_WHITE)
        above = cv2.divide(highest, to_white, dst=highest)
        below = cv2.divide(lowest, to_black, dst=lowest)
        return np.maximum(cv2.max(above, below), np.float32(1))

    def _compute(self, luma: np.ndarray, a: np.ndarray, b: np.ndarray, out: tuple[np.ndarray, np.ndarray]) -> None:
        ab = torch.from_numpy(np.stack((a, b))) / _PER_AB - AB_LIMIT
        y = luma_from_code(torch.from_numpy(np.ascontiguousarray(luma))[None], self.coding)
        codes = chroma_to_codes(ab_to_chroma(y, ab, self.coding.matrix), self.coding)
        for plane, values in zip(out, codes, strict=True):
            plane[:] = values.numpy()


@functools.cache
def _atlas(coding: ChromaCoding) -> Future[np.ndarray]:
    return _BACKGROUND.submit(_make_atlas, coding)


def _make_atlas(coding: ChromaCoding) -> np.ndarray:
    """R' - Y' and B' - Y', (256 * nodes, nodes, 2) float32: for each code of Y' the rows are a and the columns b."""
    nodes = torch.linspace(-AB_LIMIT, AB_LIMIT, _NODES)
    a, b = torch.meshgrid(nodes, nodes, indexing="ij")
    blocks = []
    for code in range(_CODES):
        luma = luma_from_code(torch.full_like(a, code), coding)
        red, blue = red_and_blue(luma, a, b, coding.matrix)
        blocks.append(torch.stack((red - luma, blue - luma), -1))
    return torch.cat(blocks).numpy()
