"""What pictures with words on them are drawn with: dark letters on light paper, (H, W, 3) uint8."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

PAPER, INK = 245, 30
LINE = 26  # pixels from one line of words to the next
_SIZE = 0.5  # of OpenCV's letters


def blank(height: int, width: int) -> np.ndarray:
    """Return empty paper."""
    return np.full((height, width, 3), PAPER, np.uint8)


def write(canvas: np.ndarray, text: str, x: int, y: int, *, font: "FreeTypeFont | None" = None) -> None:
    """Write a line that stands on (x, y), in ASCII unless there is a font; see `lettering.legible`."""
    if font is None:
        import cv2

        cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, _SIZE, (INK,) * 3, 1, cv2.LINE_AA)
        return
    from PIL import Image, ImageDraw

    image = Image.fromarray(canvas)
    direction = "ltr" if font.layout_engine else None  # a name in Arabic ends with its suffix, too
    ImageDraw.Draw(image).text((x, y), text, fill=(INK,) * 3, font=font, anchor="ls", direction=direction)
    canvas[:] = np.asarray(image)


def fold(text: str, room: int, *, font: "FreeTypeFont | None" = None) -> list[str]:
    """Break a text into lines of at most `room` pixels, between words, and words that are longer anywhere."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if _width(longer, font) <= room:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and _width(lines[-1] + letter, font) > room:
                lines.append("")
            lines[-1] += letter
    return lines


def fitted_size(shape: tuple[float, float], longest: int) -> tuple[int, int]:
    """Return the (height, width) in which the longer side has `longest` pixels; no side has none."""
    scale = longest / max(shape)
    return max(1, round(scale * shape[0])), max(1, round(scale * shape[1]))


def _width(text: str, font: "FreeTypeFont | None") -> float:
    if font is not None:
        return font.getlength(text)
    import cv2

    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _SIZE, 1)[0][0]
