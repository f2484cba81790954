"""Lays a daytime picture over a night picture of the same camera, which may have shifted a little since.

Day and night share edges, not brightness: everything here looks at gradients, whose strength is evened out and whose
sign does not count. Two guesses, one of features and one of a plain shift, are refined by ECC (Evangelidis and
Psarakis 2008), and the better one stays if edges agree there far better than they do anywhere else.
"""

from dataclasses import dataclass

import numpy as np

_SIDE = 320  # pixels of the shorter side at which pictures are compared
_NEAR, _FAR = 10, 40  # pixels at that size: so far away, down and across, edges must agree less
_REACH_SHIFT = 0.25  # of the shorter side, for a plain shift
_WORTH = 0.02  # agreement that a guess with more freedom must add
_RATIO, _REACH = 0.85, 3.0  # of SIFT's best match to the second best; pixels that a match may be off
_LEAST_MATCHES, _FOR_HOMOGRAPHY = 12, 60
_FEATURES = 1500
_SEEN, _STEEP = 0.02, 1.0  # so much of a picture must have slopes of luma codes a pixel above noise
_BORDER = 0.02  # of each side left out: frames of recorders, and what no lens shows


@dataclass(frozen=True, kw_only=True)
class RegisteringOptions:
    """When a reference fits.

    Attributes:
        least_agreement: Of the edges' directions, 1 for all the same, 0 for chance.
        least_peak: How many standard deviations that must stand above the agreement of pictures shifted wrongly.
        most_shift: Of any corner, as a share of the picture's diagonal.
    """

    least_agreement: float = 0.1
    least_peak: float = 6.0
    most_shift: float = 0.15


@dataclass(frozen=True)
class Registration:
    """Where a reference lies in the picture.

    Attributes:
        matrix: (3, 3) float64, from the picture's coordinates to the reference's, both as shares of width and height.
        agreement: Of the edges' directions there, 1 for all the same, 0 for chance.
        peak: Standard deviations by which that stands above the agreement of pictures shifted wrongly.
        shift: Of the corner that moves most, as a share of the diagonal.
        matches: Features that are where the matrix says, 0 where it is not made of features.
    """

    matrix: np.ndarray
    agreement: float
    peak: float
    shift: float
    matches: int = 0

    def refusal(self, options: RegisteringOptions) -> str | None:
        """Say why it does not fit; None if it does."""
        if not self.agreement >= options.least_agreement:  # NaN does not fit either
            return f"edges agree by {self.agreement:.2f}, less than {options.least_agreement:g}"
        if not self.peak >= options.least_peak:
            return (
                f"edges agree hardly better than when shifted ({self.peak:.1f} deviations, not {options.least_peak:g})"
            )
        if not self.shift <= options.most_shift:
            return f"it is moved by {self.shift:.0%} of the diagonal, more than {options.most_shift:.0%}"
        return None


def register(reference: np.ndarray, picture: np.ndarray) -> Registration:
    """Find where a reference lies in a picture, both (H, W) uint8 luma of any size."""
    size = _working_size(*picture.shape)
    day, night = (_evened(plane, size) for plane in (reference, picture))
    edges = _edges(day), _edges(night)
    shift = _by_shift(*edges)
    matrix, matches = _by_features(day, night)
    families = [[(shift, 0), (_refined(shift, *edges, simple=True), 0)], [(_refined(shift, *edges), 0)]]
    families += [[(matrix, matches), (_refined(matrix, *edges), matches)]] if matches else []
    best, highest = families[0][0], float("-inf")
    for family, worth in zip(families, (0.0, _WORTH, _WORTH), strict=False):
        agreements = [_agreement(_laid(edges[0], guess), edges[1]) for guess, _ in family]
        if max(agreements) > highest + worth:
            highest = max(agreements)
            best = family[agreements.index(highest)]
    return _judge(*best, *edges)


def has_edges(picture: np.ndarray) -> bool:
    """Say whether a picture, (H, W) uint8 luma of any size, shows anything that could be registered."""
    import cv2

    smaller = cv2.resize(picture, _working_size(*picture.shape)[::-1], interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(smaller.astype(np.float32), (0, 0), 1.5)
    slopes = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    return float(np.quantile(slopes, 1 - _SEEN)) >= _STEEP


def warped(plane: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Lay a reference's plane, (H, W) or (H, W, C) float32 or uint8, over a picture of `shape`; NaN or 0 outside."""
    import cv2

    height, width = shape
    pixels = _scale(*plane.shape[:2]) @ matrix @ np.linalg.inv(_scale(height, width))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fill = float("nan") if plane.dtype == np.float32 else 0
    return cv2.warpPerspective(plane, pixels, (width, height), flags=flags, borderValue=(fill,) * 4)


def _working_size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _SIDE / min(height, width))
    return round(height * scale), round(width * scale)


def _scale(height: int, width: int) -> np.ndarray:
    """From shares of width and height to the centres of pixels."""
    return np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]], np.float64)


def _evened(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Make both pictures of one size, with contrast alike everywhere: (h, w) uint8."""
    import cv2

    smaller = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
    return cv2.createCLAHE(3.0, (8, 8)).apply(cv2.GaussianBlur(smaller, (0, 0), 1.0))


def _edges(plane: np.ndarray) -> np.ndarray:
    """Give gradients of evened strength, (h, w, 2), their angle doubled: bright to dark equals dark to bright."""
    import cv2

    smooth = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 1.5)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    square = across**2 + down**2
    strength = np.sqrt(square)
    usual = cv2.GaussianBlur(strength, (0, 0), 16) + 2.0  # noise of a flat wall is no edge
    doubled = np.stack((across**2 - down**2, 2 * across * down), -1) / (square[..., None] + 1e-6)
    edges = doubled * np.minimum(strength / usual, 2.0)[..., None]
    margin = [max(2, round(_BORDER * length)) for length in plane.shape]
    edges[: margin[0]] = edges[-margin[0] :] = 0
    edges[:, : margin[1]] = edges[:, -margin[1] :] = 0
    return edges


def _by_shift(day: np.ndarray, night: np.ndarray) -> np.ndarray:
    """Guess a plain shift: the peak of the correlation of all edges."""
    height, width = day.shape[:2]
    correlation = _correlation(day, night)
    allowed = np.zeros_like(correlation, bool)
    reach = round(_REACH_SHIFT * min(height, width))
    for rows in (slice(0, reach), slice(-reach, None)):
        for columns in (slice(0, reach), slice(-reach, None)):
            allowed[rows, columns] = True
    correlation = np.where(allowed, correlation, -np.inf)
    down, across = np.unravel_index(int(correlation.argmax()), correlation.shape)
    shift = [(at + length // 2) % length - length // 2 for at, length in ((across, width), (down, height))]
    return np.array([[1, 0, shift[0] / width], [0, 1, shift[1] / height], [0, 0, 1]], np.float64)


def _by_features(day: np.ndarray, night: np.ndarray) -> tuple[np.ndarray, int]:
    """Guess a homography of SIFT's features, and say how many of them agree; the identity if too few do."""
    import cv2

    sift = cv2.SIFT_create(_FEATURES, contrastThreshold=0.02)
    (points, words), (others, other_words) = (sift.detectAndCompute(plane, None) for plane in (night, day))
    if min(len(points), len(others)) < _LEAST_MATCHES:
        return np.eye(3), 0
    pairs = cv2.BFMatcher().knnMatch(words, other_words, k=2)
    good = [best for best, second in pairs if best.distance < _RATIO * second.distance]
    if len(good) < _LEAST_MATCHES:
        return np.eye(3), 0
    source = np.float32([points[match.queryIdx].pt for match in good])
    target = np.float32([others[match.trainIdx].pt for match in good])
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.findHomography(source, target, cv2.USAC_MAGSAC, _REACH)
    if matrix is None or inliers.sum() < _FOR_HOMOGRAPHY:  # few would bend it: as many as are needed for four numbers
        matrix, inliers = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=_REACH)
        matrix = None if matrix is None else np.vstack((matrix, [0, 0, 1]))
    if matrix is None or (count := int(inliers.sum())) < _LEAST_MATCHES:
        return np.eye(3), 0
    scale = _scale(*day.shape)
    return np.linalg.inv(scale) @ matrix @ scale, count


def _refined(matrix: np.ndarray, day: np.ndarray, night: np.ndarray, *, simple: bool = False) -> np.ndarray:
    """Refine by ECC on the strength of edges, as a shift alone if simple; the guess itself if it does not converge."""
    import cv2

    strengths = [cv2.GaussianBlur(np.linalg.norm(edges, axis=-1), (0, 0), 1.5) for edges in (day, night)]
    scale = _scale(*day.shape[:2])
    start = (scale @ matrix @ np.linalg.inv(scale)).astype(np.float32)
    motion = cv2.MOTION_TRANSLATION if simple else cv2.MOTION_HOMOGRAPHY
    start = start[:2] if simple else start
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, found = cv2.findTransformECC(strengths[1], strengths[0], start, motion, stop)
    except cv2.error:
        return matrix
    found = np.vstack((found, [0, 0, 1])) if simple else found
    return np.linalg.inv(scale) @ found.astype(np.float64) @ scale


def _judge(matrix: np.ndarray, matches: int, day: np.ndarray, night: np.ndarray) -> Registration:
    """Measure how well edges agree, and how much better than anywhere else nearby."""
    laid = _laid(day, matrix)
    agreement = _agreement(laid, night)
    correlation = _correlation(laid, night) / _product(laid, night)
    far = slice(_NEAR, _FAR + 1)
    elsewhere = np.concatenate([correlation[down, across].ravel() for down, across in _quadrants(far)])
    peak = (agreement - elsewhere.mean()) / max(float(elsewhere.std()), 0.005)
    return Registration(matrix, agreement, float(peak), _farthest(matrix, *night.shape[:2]), matches)


def _quadrants(far: slice) -> list[tuple[slice, slice]]:
    """Give the rows and columns of a correlation, which wraps around, whose shifts are `far` down and across."""
    back = slice(-far.stop + 1, -far.start + 1)
    return [(down, across) for down in (far, back) for across in (far, back)]


def _farthest(matrix: np.ndarray, height: int, width: int) -> float:
    """Give how far the corner goes that goes farthest, as a share of the diagonal."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], np.float64)
    moved = corners @ matrix.T
    apart = (moved[:, :2] / moved[:, 2:] - corners[:, :2]) * (width, height)
    return float(np.linalg.norm(apart, axis=1).max() / np.hypot(width, height))


def _laid(edges: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.nan_to_num(warped(edges, matrix, edges.shape[:2]))


def _correlation(edges: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlate for all shifts, wrapped around: (h, w), at (y, x) that of `edges` moved back by y and x."""
    first, second = (np.fft.rfft2(one, axes=(0, 1)) for one in (edges, others))
    return np.fft.irfft2((first * np.conj(second)).sum(-1), edges.shape[:2])


def _product(edges: np.ndarray, others: np.ndarray) -> float:
    return max(float(np.sqrt((edges**2).sum() * (others**2).sum())), 1e-6)


def _agreement(edges: np.ndarray, others: np.ndarray) -> float:
    return float((edges * others).sum()) / _product(edges, others)
