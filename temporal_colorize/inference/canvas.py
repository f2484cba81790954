"""What pictures with words on them are drawn with: dark letters on light paper, (H, W, 3) uint8."""

import unicodedata

import numpy as np

PAPER, INK = 245, 30
LINE = 26  # pixels from one line of words to the next
_SIZE = 0.5  # of OpenCV's letters


def blank(height: int, width: int) -> np.ndarray:
    """Return empty paper."""
    return np.full((height, width, 3), PAPER, np.uint8)


def write(canvas: np.ndarray, text: str, x: int, y: int) -> None:
    """Write a line that stands on (x, y); OpenCV has ASCII letters only, others lose their accents or become "?"."""
    import cv2

    cv2.putText(canvas, _ascii(text), (x, y), cv2.FONT_HERSHEY_SIMPLEX, _SIZE, (INK,) * 3, 1, cv2.LINE_AA)


def fold(text: str, room: int) -> list[str]:
    """Break a text into lines of at most `room` pixels, between words, and words that are longer anywhere."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if _width(longer) <= room:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and _width(lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
    return lines


def fitted_size(shape: tuple[float, float], longest: int) -> tuple[int, int]:
    """Return the (height, width) in which the longer side has `longest` pixels; no side has none."""
    scale = longest / max(shape)
    return max(1, round(scale * shape[0])), max(1, round(scale * shape[1]))


def _width(text: str) -> int:
    import cv2

    return cv2.getTextSize(_ascii(text), cv2.FONT_HERSHEY_SIMPLEX, _SIZE, 1)[0][0]


def _ascii(text: str) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return plain.encode("ascii", "replace").decode()
