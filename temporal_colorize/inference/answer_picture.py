"""An answer as a picture: what is there, what it was coloured as, and the names as bars in their colours."""

import numpy as np

from temporal_colorize.inference.answer import Answer

_SIDE = 300  # pixels, of the two crops
_GAP, _LINE, _NAME, _BAR = 12, 26, 84, 240  # pixels
_PAPER, _INK = 245, 30
_MOST = 6  # bars


def draw_answer(answer: Answer) -> np.ndarray:
    """Draw it: (H, W, 3) uint8 RGB. The crops keep their shape; the bars span 0 to 100 %."""
    import cv2

    crops = [_framed(crop) for crop in (answer.grey, answer.colored)]
    height, width = crops[0].shape[:2]
    canvas = np.full(
        (max(height, _MOST * _LINE) + 2 * _GAP + 2 * _LINE, 2 * width + _NAME + _BAR + 80 + 4 * _GAP, 3),
        _PAPER,
        np.uint8,
    )
    for number, crop in enumerate(crops):
        left = _GAP + number * (width + _GAP)
        canvas[_GAP : _GAP + height, left : left + width] = crop

    def write(text: str, x: int, y: int) -> None:
        cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (_INK,) * 3, 1, cv2.LINE_AA)

    left = 2 * width + 3 * _GAP
    for number, one in enumerate(answer.names[:_MOST]):
        top = _GAP + number * _LINE
        write(one.name, left, top + 17)
        start = left + _NAME, top + 3
        cv2.rectangle(canvas, start, (start[0] + _BAR, start[1] + 18), (_PAPER - 25,) * 3, -1)
        cv2.rectangle(canvas, start, (start[0] + round(_BAR * one.probability), start[1] + 18), one.rgb, -1)
        write(f"{100 * one.probability:.0f} %", start[0] + _BAR + 8, top + 17)
    seconds = "" if answer.at is None else f" at {answer.at:.2f} s"
    write(f"{answer.frames} frame{'s' * (answer.frames > 1)}{seconds}", _GAP, canvas.shape[0] - _GAP - _LINE)
    write("Estimated from luma: not evidence of the true colour.", _GAP, canvas.shape[0] - _GAP)
    return canvas


def _framed(crop: np.ndarray) -> np.ndarray:
    """Enlarge or shrink a crop so that its longer side is `_SIDE`."""
    import cv2

    scale = _SIDE / max(crop.shape[:2])
    size = tuple(max(1, round(length * scale)) for length in crop.shape[1::-1])
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
