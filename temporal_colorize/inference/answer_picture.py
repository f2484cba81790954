"""An answer as a picture: what is there, what it was coloured as, and the names as bars in their colours."""

import numpy as np

from temporal_colorize.inference.answer import Answer
from temporal_colorize.inference.canvas import LINE, PAPER, blank, fitted_size, write

_SIDE = 300  # pixels, of the two crops
_GAP, _NAME, _BAR = 12, 84, 240  # pixels
_MOST = 6  # bars


def draw_answer(answer: Answer) -> np.ndarray:
    """Draw it: (H, W, 3) uint8 RGB. The crops keep their shape; the bars span 0 to 100 %."""
    import cv2

    crops = [_framed(crop) for crop in (answer.grey, answer.colored)]
    height, width = crops[0].shape[:2]
    canvas = blank(max(height, _MOST * LINE) + 2 * _GAP + 2 * LINE, 2 * width + _NAME + _BAR + 80 + 4 * _GAP)
    for number, crop in enumerate(crops):
        left = _GAP + number * (width + _GAP)
        canvas[_GAP : _GAP + height, left : left + width] = crop
    left = 2 * width + 3 * _GAP
    for number, one in enumerate(answer.names[:_MOST]):
        top = _GAP + number * LINE
        write(canvas, one.name, left, top + 17)
        start = left + _NAME, top + 3
        cv2.rectangle(canvas, start, (start[0] + _BAR, start[1] + 18), (PAPER - 25,) * 3, -1)
        cv2.rectangle(canvas, start, (start[0] + round(_BAR * one.probability), start[1] + 18), one.rgb, -1)
        write(canvas, f"{100 * one.probability:.0f} %", start[0] + _BAR + 8, top + 17)
    seconds = "" if answer.at is None else f" at {answer.at:.2f} s"
    write(canvas, f"{answer.frames} frame{'s' * (answer.frames > 1)}{seconds}", _GAP, canvas.shape[0] - _GAP - LINE)
    write(canvas, "Estimated from luma: not evidence of the true colour.", _GAP, canvas.shape[0] - _GAP)
    return canvas


def _framed(crop: np.ndarray) -> np.ndarray:
    """Enlarge or shrink a crop so that its longer side is `_SIDE`."""
    import cv2

    height, width = fitted_size(crop.shape[:2], _SIDE)
    enlarged = max(crop.shape[:2]) < _SIDE
    return cv2.resize(crop, (width, height), interpolation=cv2.INTER_CUBIC if enlarged else cv2.INTER_AREA)
