"""The sample clip's scene: a garage with a motorcycle, and what moves through it, cut out of other photographs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

# The garage is 741 wide; these of its 500 rows make 16:9. Lengths below are in its pixels unless said otherwise.
_GARAGE_WIDTH, _FIRST_ROW, _ROWS = 741, 30, 417
_FEET_ROW, _WALKER_HEIGHT = 330, 285
# Outline of the astronaut down to the waist, in the pixels of astronaut.png.
_BUST = """203,22 234,15 269,25 291,47 302,75 299,103 281,128 275,134 258,166 255,178 281,194 300,216 306,236 328,247
347,269 357,300 365,350 338,353 306,381 284,425 278,475 278,512 75,512 38,494 22,462 24,400 28,350 44,288 62,250 94,219
115,200 116,184 128,166 153,151 184,150 178,128 164,116 155,88 156,66 172,44 187,37"""
_SUIT_PATCH = (slice(300, 345), slice(105, 150))  # plain cloth, for what the photograph does not show
_TORSO = "60,260 330,260 365,350 345,520 60,520 30,460"
_WALKER_CANVAS = (920, 400)  # height, width in the pixels of astronaut.png
_STRIDE, _STEPS = 45, 10


@dataclass(frozen=True)
class Sprite:
    """A cut-out: (h, w, 3) float32 colour in 0..255 and (h, w, 1) float32 cover in 0..1."""

    colour: np.ndarray
    cover: np.ndarray

    def resized(self, scale: float) -> Sprite:
        """Scale both alike, without aliasing."""
        size = [max(1, round(n * scale)) for n in self.cover.shape[1::-1]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return Sprite(*(cv2.resize(part, size, interpolation=how).reshape(*size[::-1], -1) for part in self.parts()))

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return colour and cover."""
        return self.colour, self.cover

    def paste(self, picture: np.ndarray, *, x: float, y: float, hidden: np.ndarray | None = None) -> None:
        """Blend into a (H, W, 3) float32 picture, top left corner at (x, y), except where ``hidden`` (H, W, 1) is 1."""
        height, width = self.cover.shape[:2]
        whole_x, whole_y = math.floor(x), math.floor(y)
        shift = np.float32([[1, 0, x - whole_x], [0, 1, y - whole_y]])  # so that slow things do not move in jerks
        colour, cover = (cv2.warpAffine(part, shift, (width + 1, height + 1)) for part in self.parts())
        top, left = max(0, whole_y), max(0, whole_x)
        bottom = min(picture.shape[0], whole_y + height + 1)
        right = min(picture.shape[1], whole_x + width + 1)
        if top >= bottom or left >= right:
            return
        inner = slice(top - whole_y, bottom - whole_y), slice(left - whole_x, right - whole_x)
        area = slice(top, bottom), slice(left, right)
        cover = cover[inner][..., None]
        if hidden is not None:
            cover = cover * (1 - hidden[area])
        picture[area] += cover * (colour[inner] - picture[area])


def _soft(mask: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)[..., None]


def _polygon(points: str, shape: tuple[int, int]) -> np.ndarray:
    corners = np.array([[float(n) for n in pair.split(",")] for pair in points.split()])
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [corners.round().astype(np.int32)], 1)
    return mask


def garage(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the empty scene, (H, W, 3) in 0..255, and where it hides somebody behind the motorcycle, (H, W, 1)."""
    from skimage import data

    photo, _, disparity = data.stereo_motorcycle()
    near = np.where(np.isfinite(disparity), disparity, 0).astype(np.float32)
    # As near as the floor at the walker's feet: whatever is nearer than that hides them. Unmeasured dots take over
    # their surroundings' median.
    floor = np.median(near[_FEET_ROW - 3 : _FEET_ROW + 3, :60])
    hides = cv2.medianBlur((near > floor + 2).astype(np.uint8), 5)
    rows = slice(_FIRST_ROW, _FIRST_ROW + _ROWS)
    scene = cv2.resize(photo[rows].astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(hides[rows].astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return scene, _soft(mask, 0.6 * width / _GARAGE_WIDTH)


def _walker(step: int) -> Sprite:
    """Draw the astronaut at one of ``_STEPS`` moments of a stride: the photograph's bust on legs of its cloth."""
    from skimage import data

    photo = data.astronaut().astype(np.float32)
    height, width = _WALKER_CANVAS
    cloth = cv2.resize(photo[_SUIT_PATCH], (width, height), interpolation=cv2.INTER_CUBIC)
    swing = _STRIDE * math.sin(2 * math.pi * step / _STEPS)
    colour = np.zeros((height, width, 3), np.float32)
    cover = np.zeros((height, width, 1), np.float32)
    far = f"205,480 345,480 {292 - swing},860 {225 - swing},860"
    close = f"60,480 205,480 {175 + swing},860 {100 + swing},860"
    for points, shade in ((far, 0.55), (close, 0.8), (_TORSO, 0.85)):
        _lay(colour, cover, cloth * shade, _soft(_polygon(points, (height, width)), 4))
    for foot, shade in ((257 - swing, 18), (140 + swing, 28)):
        boot = np.zeros((height, width), np.uint8)
        cv2.ellipse(boot, (round(foot), 868), (62, 28), 0, 0, 360, 1, -1)
        _lay(colour, cover, np.full_like(colour, shade), _soft(boot, 3))
    bust = np.zeros_like(colour)
    bust[:512] = photo[:, :width]
    _lay(colour, cover, bust * 0.9, _soft(_polygon(_BUST, (height, width)), 1.5))
    return Sprite(colour, cover)


@cache
def _walk(scale: float) -> list[Sprite]:
    return [_walker(step).resized(scale) for step in range(_STEPS)]


def _lay(colour: np.ndarray, cover: np.ndarray, layer: np.ndarray, mask: np.ndarray) -> None:
    colour += mask * (layer - colour)
    cover += mask * (1 - cover)


def _cup() -> Sprite:
    """Cut the cup on its saucer out of coffee.png, with a shadow on the floor under it."""
    from skimage import data

    photo = data.coffee().astype(np.float32)
    mask, shadow = np.zeros(photo.shape[:2], np.uint8), np.zeros(photo.shape[:2], np.float32)
    cv2.ellipse(mask, (278, 224), (198, 158), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (291, 113), (117, 94), 0, 0, 360, 1, -1)
    cv2.ellipse(shadow, (290, 270), (200, 100), 0, 0, 360, 0.55, -1)
    cover = _soft(mask, 1.5)
    shade = _soft(shadow, 14)
    both = np.maximum(cover, shade)
    return Sprite(photo * cover / np.maximum(both, 1e-3), both)


def _ball() -> Sprite:
    """Cut the evening sky with the rocket's tip out of rocket.jpg: a blue ball with a stripe."""
    from skimage import data

    photo = data.rocket()[35:275, 200:440].astype(np.float32)
    mask = np.zeros((240, 240), np.uint8)
    cv2.circle(mask, (120, 120), 114, 1, -1)
    return Sprite(photo * 1.3, _soft(mask, 1.5))


def _crossing(time: float, *, speed: float, phase: float, width: float, reach: float) -> float:
    """Place a thing ``reach`` wide that crosses again and again: its left edge after ``time`` seconds."""
    along = ((phase + time * abs(speed)) * width) % (width + 2 * reach) - reach
    return along if speed > 0 else width - reach - along


def movers(width: int, height: int, hides: np.ndarray) -> list[Callable[[np.ndarray, float], None]]:
    """Return what moves, farthest first: each draws itself into a picture as it is after some seconds."""
    unit = width / _GARAGE_WIDTH
    steps = _walk(unit * _WALKER_HEIGHT / _WALKER_CANVAS[0])
    cup, ball = _cup().resized(0.26 * unit), _ball().resized(0.3 * unit)

    def walker(picture: np.ndarray, time: float) -> None:
        step = steps[int(time * 1.1 * _STEPS) % _STEPS]
        x = _crossing(time, speed=0.15, phase=0.17, width=width, reach=step.cover.shape[1])
        bob = 2 * unit * abs(math.sin(2.2 * math.pi * time))
        top = (_FEET_ROW - _FIRST_ROW - _WALKER_HEIGHT) / _ROWS * height
        step.paste(picture, x=x, y=top - bob, hidden=hides)

    def roller(picture: np.ndarray, time: float) -> None:
        size = ball.cover.shape[0]
        x = _crossing(time, speed=-0.3, phase=0.2, width=width, reach=size)
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), -math.degrees(2 * x / size), 1)
        colour = cv2.warpAffine(ball.colour, turn, (size, size), flags=cv2.INTER_LINEAR)
        _shadow(size).paste(picture, x=x, y=0.875 * height - 0.35 * size)
        light = 1.05 - 0.55 * np.linspace(0, 1, size, dtype=np.float32)[:, None, None] ** 2  # lamps hang above
        Sprite(colour * light, ball.cover).paste(picture, x=x, y=0.875 * height - size)

    def rider(picture: np.ndarray, time: float) -> None:
        x = _crossing(time, speed=0.11, phase=0.3, width=width, reach=cup.cover.shape[1])
        cup.paste(picture, x=x, y=0.985 * height - cup.cover.shape[0])

    return [walker, roller, rider]


@cache
def _shadow(size: int) -> Sprite:
    mask = np.zeros((size // 2, size), np.float32)
    cv2.ellipse(mask, (size // 2, size // 4), (size // 3, size // 9), 0, 0, 360, 0.5, -1)
    return Sprite(np.zeros((*mask.shape, 3), np.float32), _soft(mask, size / 20))
