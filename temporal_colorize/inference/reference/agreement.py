"""Where a night picture shows what a daytime picture of the same place shows."""

from collections.abc import Sequence

import numpy as np

_BLUR = 1.6  # pixels: noise, and what registration may be off
_WINDOWS = (0.12, 0.5)  # of the shorter side: relighting is taken to be a line of codes within each
_ROUNDS = 2  # of leaving out of that line what does not fit it
_SLOPES = (0.05, 4.0)  # of the line: light may be weaker or stronger by that, not turned about
_SOFT = 1.0  # pixels of the mask's edge
_SLACK = 0.7  # pixels that registration may be off
_LEAST = 1.0  # luma codes of distance from the line that are always allowed
_USUAL = 2.0  # times the usual distance from the line that is allowed


def explained(reference: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Say how far a relit reference explains a picture, 1 all and 0 not at all: (h, w) float32.

    A pixel that relighting does not explain shows something else: its luma is off the line by more than the noise
    and by more than the edges there, which registration may have missed by `_SLACK` pixels.

    Args:
        reference: (h, w) float32 luma codes of 8 bits, NaN where there is none.
        picture: (h, w) float32 luma codes of 8 bits.
    """
    import cv2

    known = np.isfinite(reference)
    day, night = (cv2.GaussianBlur(np.where(known, plane, 0), (0, 0), _BLUR) for plane in (reference, picture))
    weight = known.astype(np.float32)
    ratios = [_off(day, night, weight, window * min(day.shape)) for window in _WINDOWS]
    worst = cv2.GaussianBlur(np.maximum.reduce(ratios), (0, 0), _SOFT)
    return np.clip(2.0 - worst, 0, 1) * cv2.erode(weight, np.ones((3, 3), np.uint8))


def _off(day: np.ndarray, night: np.ndarray, weight: np.ndarray, window: float) -> np.ndarray:
    """Give the distance from the line in units of what is allowed, 1 and more where it is not explained."""
    import cv2

    trusted, edges = weight, np.hypot(cv2.Sobel(day, cv2.CV_32F, 1, 0), cv2.Sobel(day, cv2.CV_32F, 0, 1)) / 8
    for _ in range(_ROUNDS):
        slope, offset = _line(day, night, trusted, window)
        rest = np.abs(night - (slope * day + offset))
        usual = float(np.median(rest[weight > 0])) if weight.any() else 0.0
        allowed = _LEAST + _USUAL * usual + _SLACK * slope * edges
        trusted = weight / (1 + (rest / allowed) ** 4)
    return rest / allowed


def _line(day: np.ndarray, night: np.ndarray, weight: np.ndarray, window: float) -> Sequence[np.ndarray]:
    """Fit night = slope * day + offset around every pixel, by weight."""
    import cv2

    side = 2 * round(window / 2) + 1
    products = np.stack((weight, weight * day, weight * night, weight * day * day, weight * day * night), -1)
    mean = [cv2.boxFilter(products[..., n], -1, (side, side)) for n in range(5)]
    total = np.maximum(mean[0], 1e-3)
    day_mean, night_mean = mean[1] / total, mean[2] / total
    spread, common = mean[3] / total - day_mean**2, mean[4] / total - day_mean * night_mean
    slope = np.clip(common / (spread + 4.0), *_SLOPES)
    return slope, night_mean - slope * day_mean
