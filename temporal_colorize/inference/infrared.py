"""Says whether footage is near-infrared, from what one luma picture after another looks like.

Under an infrared lamp the light falls off from the middle, what is near glows, and cloth, skin and leaves lose the
contrast that dye gives them. A few statistics of a small picture and a logistic regression (`infrared.json`, made by
`python -m data_prep.infrared`) weigh that; how little it was tested on is in docs/infrared.md.
"""

from pathlib import Path

import numpy as np

_MODEL = Path(__file__).with_name("infrared.json")
_SIDE = 64  # pixels of the shorter side

FEATURES = (
    "falloff", "falloff explains", "glow", "glow size", "dark", "dark corners", "median", "spread", "skew", "texture",
    "noise", "large scale", "peak sharpness", "middle contrast", "lamp", "lamp explains", "contrast falloff",
    "contrast with light", "clipped", "entropy",
)  # fmt: skip


def features(lightness: np.ndarray) -> np.ndarray:
    """Measure a picture, (H, W) L* in 0..100: (len(FEATURES),) float64, every one about 0 to 1."""
    import cv2

    scale = _SIDE / min(lightness.shape)
    size = tuple(round(length * scale) for length in lightness.shape[::-1])
    small = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 100
    small = small[2:-2, 2:-2]  # frames of recorders
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    large = cv2.GaussianBlur(small, (0, 0), 8.0)
    low, quarter, median, three, high = np.quantile(smooth, (0.02, 0.25, 0.5, 0.75, 0.98))
    square = _square_radius(*small.shape)
    slope, explained = _line(square, large)
    bright = smooth > max(0.85, 0.95 * float(high))
    total = float(small.var()) + 1e-4
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    corners = float(large[square > 0.6].mean())
    middle = smooth[square < 0.25]
    return np.array([
        -slope, explained, float((smooth > 0.9).mean()), _largest(bright), float((smooth < 0.12).mean()),
        corners / (float(large.max()) + 0.05), median, high - low, (high + low - 2 * median) / (high - low + 0.02),
        float(np.hypot(across, down).mean()) / (high - low + 0.02), float(np.abs(small - smooth).mean()) * 20,
        float(large.var()) / total, (high - three) / (three - quarter + 0.05), float(middle.std()),
        *_lamp(small), *_contrast(small, square), float((small > 0.97).mean()), _entropy(smooth),
    ], np.float64)  # fmt: skip


def _square_radius(height: int, width: int) -> np.ndarray:
    """Square of the distance from the middle, 1 in the corners."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    square = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2
    return square / square.max()


def _line(square: np.ndarray, picture: np.ndarray) -> tuple[float, float]:
    """Fit a line of lightness over the square radius: its slope, and the share of variance that it explains."""
    centred = square - square.mean()
    slope = float((centred * picture).sum() / (centred**2).sum())
    variance = float(picture.var()) + 1e-4
    return slope, float(np.sign(-slope)) * slope**2 * float((centred**2).mean()) / variance


def _lamp(small: np.ndarray) -> tuple[float, float]:
    """Fit a lamp's falloff, in stops, to what is brightest in each of 6 x 8 parts: its depth, and what it explains."""
    parts = [part for row in np.array_split(small, 6) for part in np.array_split(row, 8, axis=1)]
    brightest = np.array([np.quantile(part, 0.9) for part in parts])
    stops = 3 * np.log2(brightest + 0.16)  # light goes by the cube of (L* + 16)
    y, x = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.6, 0.6, 6), np.linspace(-0.8, 0.8, 8), indexing="ij"))
    terms = np.stack((np.ones_like(x), x, y, x**2 + y**2), 1)
    found, *_ = np.linalg.lstsq(terms, stops, rcond=None)
    rest = stops - terms @ found
    explained = 1 - float(rest.var()) / (float(stops.var()) + 0.02)
    return -float(found[3]) / 4, explained if found[3] < 0 else 0.0


def _contrast(small: np.ndarray, square: np.ndarray) -> tuple[float, float]:
    """Say how local contrast falls with the distance from the middle, and how it goes with the light."""
    import cv2

    mean = cv2.GaussianBlur(small, (0, 0), 3.0)
    local = np.sqrt(np.maximum(cv2.GaussianBlur(small**2, (0, 0), 3.0) - mean**2, 0)) + 0.01
    stops = np.log2(local)
    slope, _ = _line(square, stops)
    return -slope / 4, float(np.corrcoef(np.log2(mean + 0.16).ravel(), stops.ravel())[0, 1])


def _entropy(smooth: np.ndarray) -> float:
    shares = np.histogram(smooth, 32, (0, 1))[0] / smooth.size
    return float(-(shares * np.log2(shares + 1e-9)).sum() / 5)


def _largest(mask: np.ndarray) -> float:
    """Share of the picture that the largest patch of a mask has."""
    import cv2

    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return float(stats[1:, cv2.CC_STAT_AREA].max()) / mask.size if count > 1 else 0.0
