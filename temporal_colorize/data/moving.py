"""Stills as moving clips: a known camera path, known cut-outs moving over it, and so an exact flow."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

FLOW_SCALE = 4  # flow is made at the resolution of the network's output


class Clip(NamedTuple):
    """A clip for training.

    Attributes:
        rgb: (T, 3, H, W) uint8.
        flow: (T - 1, 2, H / 4, W / 4) float32, in pixels of that size: pixel p of frame t + 1 was at p + flow in
            frame t, x first.
        visible: (T - 1, 1, H / 4, W / 4) float32: 1 where that point could be seen in frame t; 0 throughout where
            the motion is not known.
    """

    rgb: np.ndarray
    flow: np.ndarray
    visible: np.ndarray


def still_clip(rgb: np.ndarray) -> Clip:
    """Wrap frames, (T, H, W, 3) uint8, whose motion is not known."""
    frames, height, width, _ = rgb.shape
    shape = (frames - 1, height // FLOW_SCALE, width // FLOW_SCALE)
    flow = np.zeros((shape[0], 2, *shape[1:]), np.float32)
    return Clip(np.ascontiguousarray(rgb.transpose(0, 3, 1, 2)), flow, flow[:, :1].copy())


def random_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a square of 63 to 100 % of the shorter side at random, mirrored half the time: (size, size, 3)."""
    height, width, _ = picture.shape
    side = max(1, int(min(height, width) * rng.uniform(0.4, 1.0) ** 0.5))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    square = picture[top : top + side, left : left + side]
    square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)
    return square[:, ::-1] if rng.random() < 0.5 else square


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    """Turn a picture, (H, W, 3), about its middle, anticlockwise; what comes in from outside is mirrored."""
    height, width, _ = picture.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


class _CutOut(NamedTuple):
    texture: np.ndarray  # (h, w, 3) uint8
    alpha: np.ndarray  # (h, w) float32 in 0..1
    start: np.ndarray  # (2,): x, y of the left top corner in frame 0
    velocity: np.ndarray  # (2,): pixels a frame


def moving_clip(
    picture: np.ndarray, others: Sequence[np.ndarray], *, frames: int, size: int, rng: np.random.Generator
) -> Clip:
    """Move a camera over a picture, half the time, and cut-outs of other pictures across it.

    Args:
        picture: (H, W, 3) uint8, the scene.
        others: Pictures of which one cut-out each moves through the scene, the last in front.
        frames: T.
        size: Height and width of the clip.
        rng: Where every random choice comes from.
    """
    scene = random_crop(picture, size, rng)
    cameras = _camera_path(frames, size, rng)
    cutouts = [_cut_out(other, frames, size, rng) for other in others]
    rendered = [_render(scene, camera, cutouts, t) for t, camera in enumerate(cameras)]
    rgb = np.stack([frame for frame, _ in rendered]).transpose(0, 3, 1, 2)
    owners = [owner for _, owner in rendered]
    shape = (size // FLOW_SCALE, size // FLOW_SCALE)
    flow = np.zeros((frames - 1, 2, *shape), np.float32)
    visible = np.zeros((frames - 1, 1, *shape), np.float32)
    for t in range(1, frames):
        flow[t - 1], visible[t - 1, 0] = _flow_back(owners[t - 1], owners[t], cameras[t - 1], cameras[t], cutouts)
    return Clip(np.ascontiguousarray(rgb), flow, visible)


def _camera_path(frames: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Affine maps, 3x3, from the pixels of each frame to those of the scene."""
    if rng.random() < 0.5:
        return [np.eye(3)] * frames
    turn, zoom = np.deg2rad(rng.normal(0, 0.4)), rng.normal(0, 0.006)
    shift = rng.normal(0, size / 60, 2)
    middle = (size - 1) / 2
    path = []
    for t in np.arange(frames) - (frames - 1) / 2:
        cos, sin = np.cos(turn * t) * np.exp(zoom * t), np.sin(turn * t) * np.exp(zoom * t)
        linear = np.array([[cos, -sin], [sin, cos]])
        offset = shift * t + middle - linear @ [middle, middle]
        path.append(np.block([[linear, offset[:, None]], [np.zeros((1, 2)), np.ones((1, 1))]]))
    return path


def _cut_out(picture: np.ndarray, frames: int, size: int, rng: np.random.Generator) -> _CutOut:
    side = int(size * rng.uniform(0.2, 0.55))
    texture = random_crop(picture, side, rng)
    angle = np.arctan2(*np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    radius = np.hypot(*np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    outline = 0.75 + sum(rng.normal(0, 0.08) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(1, 5))
    alpha = np.clip((outline - radius) * side / 3 + 0.5, 0, 1).astype(np.float32)
    velocity = rng.normal(0, size / 40, 2)
    middle = rng.uniform(0, size - side, 2)  # where it is half-way through the clip
    return _CutOut(texture, alpha, middle - velocity * (frames - 1) / 2, velocity)


def _render(scene: np.ndarray, camera: np.ndarray, cutouts: Sequence[_CutOut], t: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw frame t: (H, W, 3) uint8, and who owns each pixel, (H, W): 0 the scene, k the k-th cut-out."""
    size = scene.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    frame = cv2.warpAffine(scene, camera[:2], (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    owner = np.zeros((size, size), np.uint8)
    for number, cutout in enumerate(cutouts, start=1):
        place = np.float64([[1, 0, 0], [0, 1, 0]])
        place[:, 2] = cutout.start + cutout.velocity * t
        alpha = cv2.warpAffine(cutout.alpha, place, (size, size))[..., None]
        texture = cv2.warpAffine(cutout.texture, place, (size, size), borderMode=cv2.BORDER_REPLICATE)
        frame = (alpha * texture + (1 - alpha) * frame).round().astype(np.uint8)
        owner[alpha[..., 0] > 0.5] = number
    return frame, owner


def _flow_back(
    owner_before: np.ndarray,
    owner: np.ndarray,
    camera_before: np.ndarray,
    camera: np.ndarray,
    cutouts: Sequence[_CutOut],
) -> tuple[np.ndarray, np.ndarray]:
    """Flow, (2, h, w), from a frame to the one before it, and where that is visible, (h, w)."""
    size = owner.shape[0]
    grid = np.arange(size // FLOW_SCALE) * FLOW_SCALE + (FLOW_SCALE - 1) / 2  # the middles of the cells
    x, y = np.meshgrid(grid, grid)
    back = np.linalg.inv(camera_before) @ camera
    flow = np.stack(
        [back[0, 0] * x + back[0, 1] * y + back[0, 2] - x, back[1, 0] * x + back[1, 1] * y + back[1, 2] - y]
    )
    here = owner[grid.astype(int)[:, None], grid.astype(int)]
    for number, cutout in enumerate(cutouts, start=1):
        flow[:, here == number] = -cutout.velocity[:, None]
    to_x, to_y = np.rint(x + flow[0]).astype(int), np.rint(y + flow[1]).astype(int)
    inside = (to_x >= 0) & (to_x < size) & (to_y >= 0) & (to_y < size)
    there = owner_before[to_y.clip(0, size - 1), to_x.clip(0, size - 1)]
    visible = inside & (there == here) & _pure(owner)
    return (flow / FLOW_SCALE).astype(np.float32), visible.astype(np.float32)


def _pure(owner: np.ndarray) -> np.ndarray:
    """Say which cells, and the cells around them, belong to one owner alone; the others move two ways at once."""
    kernel = np.ones((3 * FLOW_SCALE, 3 * FLOW_SCALE), np.uint8)
    mixed = cv2.dilate(owner, kernel) != cv2.erode(owner, kernel)
    return ~mixed[FLOW_SCALE // 2 :: FLOW_SCALE, FLOW_SCALE // 2 :: FLOW_SCALE]
