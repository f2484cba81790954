"""Draws how sure an estimate is, for people (viridis, with a scale below) or for programs (luma alone, 0..255)."""

from typing import Literal, get_args

import numpy as np
from torch import Tensor

from temporal_colorize.options import require_one_of

Style = Literal["viridis", "luma"]
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST, _SHARE = 24, 16  # the scale's height: at least so many pixels, and so manieth part of the picture's
_TEXT = 0.7  # share of the scale's height that its numbers take, below its colours
_BACK, _INK = 32, 235


class ConfidenceMap:
    """Draws maps for pictures of one size.

    Args:
        shape: (H, W) of the picture.
        style: "viridis" or "luma".
        words: What the scale says that it shows, see `Certainty.words`.

    Attributes:
        shape: (H, W) of what is drawn: viridis has its scale below, so that nothing of the picture is hidden.

    Raises:
        ValueError: If the style is unknown.
    """

    def __init__(self, shape: tuple[int, int], style: Style, *, words: str) -> None:
        require_one_of("confidence_style", style, get_args(Style))
        self.style, self._size = style, shape
        self._scale = _scale(shape, words) if style == "viridis" else np.empty((0, shape[1], 3), np.uint8)
        self.shape = shape[0] + len(self._scale), shape[1]

    def codes(self, confidence: Tensor) -> np.ndarray:
        """Bring confidence, (h, w) in 0..1, to the picture's size: (H, W) uint8, 0..255."""
        import cv2

        large = cv2.resize(confidence.numpy(), self._size[::-1], interpolation=cv2.INTER_LINEAR)
        return (large * 255).round().astype(np.uint8)

    def picture(self, confidence: Tensor) -> np.ndarray:
        """Draw for a picture file: (H, W, 3) BGR uint8, or in style "luma" (H, W)."""
        codes = self.codes(confidence)
        return codes if self.style == "luma" else np.concatenate([_viridis()[codes], self._scale])

    def planes(self, confidence: Tensor, chroma_shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw for a video in full-range BT.601: luma, (H, W), and Cb and Cr of the shape given, uint8."""
        import cv2

        if self.style == "luma":
            grey = np.full(chroma_shape, 128, np.uint8)
            return self.codes(confidence), grey, grey
        luma, cr, cb = cv2.split(cv2.cvtColor(self.picture(confidence), cv2.COLOR_BGR2YCrCb))
        small = (cv2.resize(plane, chroma_shape[::-1], interpolation=cv2.INTER_AREA) for plane in (cb, cr))
        return luma, *small


def _viridis() -> np.ndarray:
    """Return the 256 colours, (256, 3) BGR uint8."""
    import cv2

    return cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0]


def _scale(shape: tuple[int, int], words: str) -> np.ndarray:
    """Draw the scale, (h, W, 3) BGR uint8: colours from 0 to 1, numbers below them, and what they are."""
    import cv2

    height = max(_LEAST, shape[0] // _SHARE) // 2 * 2
    width, text = shape[1], round(height * _TEXT)
    scale = np.full((height, width, 3), _BACK, np.uint8)
    scale[: height - text] = _viridis()[np.linspace(0, 255, width).round().astype(np.uint8)]
    size = text / 34  # of OpenCV's letters, which are 22 pixels high and more where they go below the line

    def write(words: str, at: float) -> int:
        (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
        left = round(min(max(at * width - wide / 2, 2), width - wide - 2))
        place = left, height - round(0.25 * text)
        cv2.putText(scale, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, (_INK,) * 3, 1, cv2.LINE_AA)
        return wide

    said, number = (cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0] for text in (words, " 0.25 "))
    fits = said + number <= width / 2  # between 0.25 and 0.75; a narrower picture has 0.5 there
    for tick in _TICKS:
        if tick != 0.5 or not fits:
            write(f"{tick:g}", tick)
    if fits:
        write(words, 0.5)
    return scale
