"""Says whether footage is near-infrared, from what one luma picture after another looks like.

Under an infrared lamp the light falls off from the middle, what is near glows, and cloth, skin and leaves lose the
contrast that dye gives them. A few statistics of a small picture and a logistic regression (`infrared.json`, made by
`python -m data_prep.infrared`) weigh that; how little it was tested on is in docs/infrared.md.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temporal_colorize.inference.snapshot import Snapshot, give_back, take

NOTE = "looks like near-infrared light, which shows no true colours: colours are faint, and less is claimed of them"
ABSTAINED = (
    "looks like near-infrared light, which shows no true colours: only what a hint or reference gives is coloured"
)

_MODEL = Path(__file__).with_name("infrared.json")
_SIDE = 64  # pixels of the shorter side

FEATURES = (
    "falloff", "falloff explains", "glow", "brightest corner", "dark", "dark corners", "median", "spread", "skew",
    "texture", "noise", "large scale", "peak sharpness", "middle contrast", "lamp", "lamp explains",
    "contrast falloff", "contrast with light", "clipped", "entropy",
)  # fmt: skip


def features(lightness: np.ndarray) -> np.ndarray:
    """Measure a picture, (H, W) L* in 0..100: (len(FEATURES),) float64, every one about 0 to 1."""
    import cv2

    scale = _SIDE / min(lightness.shape)
    size = tuple(round(length * scale) for length in lightness.shape[::-1])
    small = cv2.resize(lightness, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 100
    small = small[2:-2, 2:-2]  # frames of recorders
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    large = cv2.blur(cv2.blur(small, (15, 15)), (15, 15))
    low, quarter, median, three, high = _quantiles(smooth.reshape(1, -1), 0.02, 0.25, 0.5, 0.75, 0.98)[:, 0]
    square = _square_radius(*small.shape)
    slope, explained = _line(square, large)
    total = float(small.var()) + 1e-4
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    corners = float(large[square > 0.6].mean())
    middle = smooth[square < 0.25]
    return np.array([
        -slope, explained, float((smooth > 0.9).mean()), _brightest_corner(smooth), float((smooth < 0.12).mean()),
        corners / (float(large.max()) + 0.05), median, high - low, (high + low - 2 * median) / (high - low + 0.02),
        float(cv2.magnitude(across, down).mean()) / (high - low + 0.02), float(np.abs(small - smooth).mean()) * 20,
        float(large.var()) / total, (high - three) / (three - quarter + 0.05), float(middle.std()),
        *_lamp(small), *_contrast(small, square), float((small > 0.97).mean()), _entropy(smooth),
    ], np.float64)  # fmt: skip


@functools.cache
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
    height, width = (length // count for length, count in zip(small.shape, (6, 8), strict=True))
    parts = small[: 6 * height, : 8 * width].reshape(6, height, 8, width).swapaxes(1, 2).reshape(48, -1)
    brightest = _quantiles(parts, 0.9)[0]
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

    mean = cv2.blur(small, (9, 9))
    local = np.sqrt(np.maximum(cv2.blur(small * small, (9, 9)) - mean * mean, 0)) + 0.01
    stops = np.log2(local)
    slope, _ = _line(square, stops)
    light = np.log2(mean + 0.16)
    deviations = float(light.std()) * float(stops.std()) + 1e-6  # of a blank picture, none
    common = float(((light - light.mean()) * (stops - stops.mean())).mean())
    return -slope / 4, common / deviations


def _entropy(smooth: np.ndarray) -> float:
    shares = np.bincount((smooth.ravel() * 31.999).astype(np.int64).clip(0, 31), minlength=32) / smooth.size
    return float(-(shares * np.log2(shares + 1e-9)).sum() / 5)


def _brightest_corner(smooth: np.ndarray) -> float:
    """Give what is bright in the brightest of four corners: no lamp beside the lens lights any of them well."""
    height, width = (max(2, length // 7) for length in smooth.shape)
    rows, columns = ((slice(length), slice(-length, None)) for length in (height, width))
    corners = np.stack([smooth[down, across].ravel() for down in rows for across in columns])
    return float(_quantiles(corners, 0.9).max())


def _quantiles(values: np.ndarray, *shares: float) -> np.ndarray:
    """Give values of each row, (n, m), below which shares of it are, not interpolated: (shares, n)."""
    ordered = np.sort(values, axis=1)
    return np.stack([ordered[:, round(share * (values.shape[1] - 1))] for share in shares])


@dataclass(frozen=True, eq=False)
class Model:
    """A logistic regression over `FEATURES`.

    Attributes:
        mean: (n,), of the pictures that it was trained on, and
        deviation: (n,), theirs.
        weights: (n,), of features less the mean, in deviations.
        bias: Added to their sum, above 0 for infrared.
    """

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    bias: float

    def __call__(self, lightness: np.ndarray) -> float:
        """Score a picture, (H, W) L*: above 0 where it looks infrared."""
        return float((features(lightness) - self.mean) / self.deviation @ self.weights + self.bias)


@functools.cache
def load_model() -> Model:
    """Read the model that is shipped."""
    parts = json.loads(_MODEL.read_text())
    columns = {name: np.array([row[name] for row in parts["features"]]) for name in ("mean", "deviation", "weight")}
    if tuple(row["name"] for row in parts["features"]) != FEATURES:
        raise ValueError(f"{_MODEL} is of other features: python -m data_prep.infrared makes it anew")
    return Model(columns["mean"], columns["deviation"], columns["weight"], parts["bias"])


class InfraredDetector:
    """Watches one stream: the mean score of its scene so far, newer pictures counting more, decides.

    Attributes:
        looks: How many pictures it has taken, and
        found: how many of them while it held the footage to be infrared.
    """

    CARRIED = ("looks", "found", "_since", "_score", "_is_infrared")
    _MEMORY = 16  # pictures
    _RELEASE = -0.5  # the score below which footage that was infrared is so no longer

    def __init__(self, model: Model | None = None) -> None:
        self._model = model or load_model()
        self.looks = self.found = 0
        self._score, self._is_infrared = 0.0, False
        self._since = 0

    def __call__(self, lightness: np.ndarray, *, cut: bool) -> bool:
        """Take the next picture that the network sees, (H, W) L*; True if the footage looks infrared."""
        if cut:
            self._since, self._is_infrared = 0, False
        self._since = min(self._since + 1, self._MEMORY)
        self._score += (self._model(lightness) - self._score) / self._since
        self._is_infrared = bool(self._score > (self._RELEASE if self._is_infrared else 0))
        self.looks += 1
        self.found += self._is_infrared
        return self._is_infrared

    @property
    def share(self) -> float:
        """Of the pictures so far, 0..1."""
        return self.found / max(self.looks, 1)

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return take(self, self.CARRIED)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot`."""
        give_back(self, self.CARRIED, snapshot)
