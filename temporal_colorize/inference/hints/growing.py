"""What a point is on: the closed line around it that divides its luma from what is not alike."""

import numpy as np

_ANGLES = 128  # rays from the point
_STEPS = 96  # along each, every one longer than the last by the same share
_FAR = 0.6  # of the picture's longer side, at most from the point
_LEAST = 4.0  # pixels of luma, at least from the point, and
_LOOKED, _LEAST_LOOKED = 0.75, 2.0  # of the radius, in which luma is looked at, as clicks are near borders; at least
_SPREAD = (25, 75)  # percentiles of luma around the point, between which it is alike
_UNLIKE = 20.0  # codes beyond those at which it is clearly something else
_GAIN = 0.25  # of a step outwards; where nothing is alike, it costs 1 less that
_CROSSED = 0.06  # lost for each code by which luma changes on the way
_BORDER, _MOST = 0.2, 40.0  # gained for each code of a change at which the line lies, up to so many codes
_SLOPE, _ROUGH = 2, 0.05  # steps at most from ray to ray, and lost for each
_NEVER = 1e9


def grow(luma: np.ndarray, *, at: tuple[float, float], radius: float, shape: tuple[int, int]) -> np.ndarray:
    """Find the thing that a point is on, (H, W) bool, of a shape.

    Each direction has one distance to the line, so that it goes around no corner, and through no gap far.

    Args:
        luma: (h, w) uint8, of about the size that the numbers here are chosen for: see `carrying.working_luma`.
        at: x and y of the point, in pixels of `shape`, as
        radius: around it, of what surely belongs to the thing.
        shape: Of the picture.
    """
    import cv2

    scale = np.array(luma.shape[::-1]) / shape[::-1]
    middle = np.clip((np.array(at) + 0.5) * scale - 0.5, 0, np.array(luma.shape[::-1]) - 1)
    smooth = cv2.medianBlur(np.ascontiguousarray(luma), 5).astype(np.float32)
    far = _FAR * max(luma.shape)
    fan, inside = _fan(smooth, middle, far)
    cost = _costs(fan, inside, _usual(smooth, middle, max(_LEAST_LOOKED, _LOOKED * radius * scale.mean())))
    cost[:, : int(np.ceil(_STEPS * np.log(_LEAST) / np.log(far)))] = _NEVER
    reach = np.exp(_line(cost) * np.log(far) / _STEPS)
    angles = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    corners = middle + reach[:, None] * np.stack((np.cos(angles), np.sin(angles)), 1)
    return _fill((corners + 0.5) / scale - 0.5, shape)


def _usual(luma: np.ndarray, middle: np.ndarray, radius: float) -> np.ndarray:
    """Return the least and the most luma that is usual around a point."""
    rows, columns = np.ogrid[: luma.shape[0], : luma.shape[1]]
    near = (columns - middle[0]) ** 2 + (rows - middle[1]) ** 2 <= radius**2
    return np.percentile(luma[near], _SPREAD)


def _fan(luma: np.ndarray, middle: np.ndarray, far: float) -> tuple[np.ndarray, np.ndarray]:
    """Lay rays out: luma, (_ANGLES, _STEPS), and where it is of the picture; beyond, luma stays as at its border."""
    import cv2

    way = cv2.WARP_POLAR_LOG | cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS
    size = (_STEPS, _ANGLES)
    inside = cv2.warpPolar(np.ones_like(luma), size, middle.tolist(), far, way) > 0.99
    fan = cv2.warpPolar(luma, size, middle.tolist(), far, way)
    for step in range(1, _STEPS):
        fan[:, step] = np.where(inside[:, step], fan[:, step], fan[:, step - 1])
    return cv2.GaussianBlur(fan, (3, 3), 0), inside


def _costs(fan: np.ndarray, inside: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Say what a line there costs, ray by ray; beyond the picture it costs what it does at its border."""
    off = np.maximum(0, np.maximum(usual[0] - fan, fan - usual[1]))
    change = np.abs(np.diff(fan, axis=1, prepend=fan[:, :1]))
    border = np.zeros_like(fan)
    border[:, 1:-1] = np.minimum(np.abs(fan[:, 2:] - fan[:, :-2]), _MOST)
    passed = np.where(inside, _CROSSED * change + 1 - np.exp(-0.5 * (off / _UNLIKE) ** 2) - _GAIN, 0)
    return np.cumsum(passed, axis=1) - passed - _BORDER * border * inside


def _line(cost: np.ndarray) -> np.ndarray:
    """Find the cheapest closed line, a step for each ray: the middle of one that goes around three times."""
    rounds = np.concatenate([cost] * 3)
    total, came = rounds[0], []
    shifts = range(-_SLOPE, _SLOPE + 1)
    for row in rounds[1:]:
        padded = np.pad(total, _SLOPE, constant_values=_NEVER)
        ways = np.stack([padded[_SLOPE + by : _SLOPE + by + _STEPS] + _ROUGH * abs(by) for by in shifts])
        came.append(ways.argmin(0) - _SLOPE)
        total = ways.min(0) + row
    step = int(total.argmin())
    steps = [step]
    for back in reversed(came):
        step += int(back[step])
        steps.append(step)
    return np.array(steps[::-1][_ANGLES : 2 * _ANGLES])


def _fill(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    import cv2

    sixteenths = np.round(corners * 16).astype(np.int32)
    return cv2.fillPoly(np.zeros(shape, np.uint8), [sixteenths], 1, shift=4) > 0
